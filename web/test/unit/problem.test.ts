import { expect, test } from 'vitest'
import { problemFrom } from '../../src/api/problem.ts'
import { fieldProblem } from '../../src/blocks/form-problem.tsx'
import { en } from '../../src/i18n/en/en.ts'
import { problemText } from '../../src/i18n/problem-text.ts'
import { ru } from '../../src/i18n/ru/ru.ts'

/** As the host answers: a taken name is no matter of a field to it. */
const taken = problemFrom(new Response(null, { status: 400 }), {
  type: 'urn:pgvigil:problem:server-exists',
  title: 'Bad Request',
  status: 400,
  detail: 'a server called `demo` exists already',
  request_id: '01M8',
})

test('a name that is taken is told at its field, in the language of the reader', () => {
  expect(fieldProblem(ru, taken, 'name')).toBe('Сервер с таким именем уже есть.')
  expect(fieldProblem(en, taken, 'host')).toBeUndefined()
})

test('what only the host can say is shown as it says it', () => {
  const refused = problemFrom(new Response(null, { status: 409 }), {
    type: 'urn:pgvigil:problem:plugin-action-refused',
    detail: 'plugin `x` runs already',
  })
  expect(problemText(ru, refused)).toBe('plugin `x` runs already')
  expect(problemText(en, problemFrom(new Response(null, { status: 502 }), '<html>'))).toBe('HTTP 502')
})

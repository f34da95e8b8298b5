export interface ServerSentEvent {
  event: string
  data: string
}

/**
 * Events of a `text/event-stream` body. `onPiece` hears of comments too, by which the host says that it is there; the
 * next piece is read when it is done. `EventSource` cannot send the access token, so the body is read here:
 * <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>
 */
export async function* serverSentEvents(
  body: ReadableStream<Uint8Array>,
  onPiece: () => Promise<void> = () => Promise.resolve(),
): AsyncGenerator<ServerSentEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let event = ''
  let data: string[] = []
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const ready = onPiece()
      const lines = (rest + decoder.decode(value, { stream: true })).split(/\r\n|\n|\r(?!$)/)
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: event === '' ? 'message' : event, data: data.join('\n') }
          event = ''
          data = []
          continue
        }
        const [field, text] = fieldOf(line)
        if (field === 'event') event = text
        else if (field === 'data') data.push(text)
      }
      await ready
    }
  } finally {
    // Whoever stops listening also ends the connection.
    await reader.cancel().catch(() => undefined)
  }
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':')
  if (colon < 0) return [line, '']
  const text = line.slice(colon + 1)
  return [line.slice(0, colon), text.startsWith(' ') ? text.slice(1) : text]
}

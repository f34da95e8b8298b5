import { expect, test } from 'vitest'
import { connectionCounts, diskUsage } from '../../src/blocks/server-state.tsx'

test('processes of the server itself are not connections', () => {
  expect(connectionCounts({ connections: { active: 2, idle: 3, None: 5 }, connections_used: null })).toEqual({
    total: 5,
    active: 2,
  })
})

test('connections are as many as the chart has, ours included, where they were counted', () => {
  const connections = { active: 2, idle: 3, None: 5 }
  expect(connectionCounts({ connections, connections_used: 6 })).toEqual({ total: 6, active: 2 })
})

test('what is not known is not zero', () => {
  expect(connectionCounts({ connections: null, connections_used: null })).toBeNull()
  expect(diskUsage({ free_space: null, total_space: 100 })).toBeNull()
  expect(diskUsage({ free_space: 1, total_space: 0 })).toBeNull()
})

test('the used share of a disk', () => {
  expect(diskUsage({ free_space: 25, total_space: 100 })).toBe(0.75)
})

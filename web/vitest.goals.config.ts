import { defineConfig, mergeConfig } from 'vitest/config'
import e2e from './vitest.e2e.config.ts'

/** One after the other, so that no figure is disturbed by another's. */
export default mergeConfig(e2e, defineConfig({ test: { maxWorkers: 1, fileParallelism: false } }))

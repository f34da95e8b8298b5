/** Gives the reader a file. */
export function download(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

export const downloadCsv = (text: string, name: string) =>
  download(new Blob([text], { type: 'text/csv;charset=utf-8' }), name)

/** `pgvigil_billing-01_connections_2026-01-31T14-05Z.csv`: no sign that a file system minds. */
export function fileName(parts: readonly string[], at: number, extension: string): string {
  const stamp = `${new Date(at).toISOString().slice(0, 16).replace(':', '-')}Z`
  const safe = parts.map((part) => part.replace(/[^\p{L}\p{N}._-]+/gu, '-').slice(0, 60))
  return `${['pgvigil', ...safe, stamp].join('_')}.${extension}`
}

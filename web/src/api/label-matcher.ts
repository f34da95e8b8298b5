/** As the API takes it: a comma would end the value, so it is escaped. */
export const labelMatcher = (label: string, value: string): string => `${label}:${value.replace(/[\\,]/g, '\\$&')}`

/** Of one series: all of its labels. */
export const labelMatchers = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .map(([label, value]) => labelMatcher(label, value))
    .join(',')

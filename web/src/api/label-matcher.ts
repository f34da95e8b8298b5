/** As the API takes it: a comma would end the value, so it is escaped. */
export const labelMatcher = (label: string, value: string): string => `${label}:${value.replace(/[\\,]/g, '\\$&')}`

/** Joins class names; falsy ones are left out. */
export const cx = (...names: (string | false | null | undefined)[]): string => names.filter(Boolean).join(' ')

/** A link that ends in dots where it has no room, and is high enough to be hit. */
export const cutLinkClass = 'block max-w-full truncate leading-[24px] text-accent-strong hover:underline'

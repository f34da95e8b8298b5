export const Kbd = (props: { children: string }) => (
  <kbd className="inline-flex min-w-5 justify-center rounded border border-line bg-sunken px-1 font-sans text-2xs text-dim">
    {props.children}
  </kbd>
)

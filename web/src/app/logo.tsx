export function Logo(props: { className?: string }) {
  return (
    <span className={props.className ?? 'inline-flex items-center gap-2 font-semibold tracking-tight'}>
      <svg aria-hidden="true" viewBox="0 0 32 32" className="size-6 shrink-0">
        <rect width="32" height="32" rx="7" className="fill-accent" />
        <path
          d="M5 17h5l3-8 5 15 3-7h6"
          className="stroke-on-accent"
          fill="none"
          strokeWidth="2.6"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      pgvigil
    </span>
  )
}

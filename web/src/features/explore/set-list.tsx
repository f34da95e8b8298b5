import { type ReactNode, useMemo, useState } from 'react'
import { useI18n } from '../../i18n'
import { Button } from '../../ui/button'
import { cx } from '../../ui/classes'
import { Icon } from '../../ui/icon'
import { SearchBox } from '../../ui/search-box'
import { type KnownSet, searchSets } from './explore-model'

const NAV = 'max-h-[45dvh] overflow-y-auto rounded-lg border border-line bg-panel p-1 lg:max-h-[calc(100dvh-11rem)]'

/** Every set and metric that there is; a search opens the sets in which it finds something. */
export function SetList(props: {
  sets: readonly KnownSet[]
  text: string
  set: string | undefined
  metric: string | undefined
  onText: (text: string) => void
  onChoose: (set: string, metric?: string) => void
  children?: ReactNode
}) {
  const { t } = useI18n()
  const { onChoose } = props
  // On a narrow screen it would hide what was chosen in it.
  const [isFolded, setFolded] = useState(props.set !== undefined)
  const found = useMemo(() => searchSets(props.sets, props.text), [props.sets, props.text])
  return (
    <div className="grid gap-2 lg:sticky lg:top-4">
      {props.children}
      <SearchBox
        label={t.explore.searchLabel}
        value={props.text}
        onChange={(text) => {
          setFolded(false)
          props.onText(text)
        }}
      />
      {props.set !== undefined && (
        <Button aria-expanded={!isFolded} onClick={() => setFolded(!isFolded)} className="justify-between lg:hidden">
          <span className="min-w-0 truncate">
            {t.explore.chooseOther}
            <span className="ml-2 font-mono text-xs text-dim">
              {[props.set, props.metric].filter(Boolean).join(' ')}
            </span>
          </span>
          <Icon name="chevron" className={cx('size-3 shrink-0', isFolded && '-rotate-90')} />
        </Button>
      )}
      <nav aria-label={t.explore.title} className={cx(isFolded && props.set !== undefined && 'max-lg:hidden', NAV)}>
        {found.length === 0 && <p className="p-3 text-dim">{t.explore.nothing}</p>}
        <ul>
          {found.map((known) => (
            <SetItem
              key={known.set.name}
              known={known}
              isOpen={props.text !== '' || known.set.name === props.set}
              metric={known.set.name === props.set ? props.metric : undefined}
              isChosen={known.set.name === props.set && props.metric === undefined}
              onChoose={(set, metric) => {
                setFolded(true)
                onChoose(set, metric)
              }}
            />
          ))}
        </ul>
      </nav>
    </div>
  )
}

function SetItem(props: {
  known: KnownSet
  isOpen: boolean
  isChosen: boolean
  metric: string | undefined
  onChoose: (set: string, metric?: string) => void
}) {
  const { known, isOpen, isChosen, metric, onChoose } = props
  const { set } = known
  return (
    <li>
      <button
        type="button"
        title={known.help}
        aria-expanded={isOpen}
        {...(isChosen ? { 'aria-current': 'true' as const } : {})}
        onClick={() => onChoose(set.name)}
        className={cx(
          'flex min-h-7 w-full items-center gap-1.5 rounded-md px-1.5 text-left font-mono text-xs',
          isChosen ? 'bg-accent-soft text-accent-strong' : 'hover:bg-sunken',
        )}
      >
        <Icon name="chevron" className={cx('size-3 shrink-0', !isOpen && '-rotate-90')} />
        <span className="min-w-0 flex-1 truncate">{set.name}</span>
        <span className="font-sans text-2xs text-dim tabular-nums">{set.metrics.length}</span>
      </button>
      {isOpen && (
        <ul className="mb-1 ml-3 border-l border-line pl-1">
          {set.metrics.map((one) => (
            <li key={one.name}>
              <button
                type="button"
                title={known.metricHelp(one)}
                {...(metric === one.name ? { 'aria-current': 'true' as const } : {})}
                onClick={() => onChoose(set.name, one.name)}
                className={cx(
                  'flex min-h-[26px] w-full items-center rounded-md px-2 text-left font-mono text-xs',
                  metric === one.name ? 'bg-accent-soft text-accent-strong' : 'text-dim hover:bg-sunken hover:text-ink',
                )}
              >
                <span className="truncate">{one.name}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </li>
  )
}

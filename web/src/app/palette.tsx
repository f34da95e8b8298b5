import { Dialog } from '@base-ui/react/dialog'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { session } from '../api/client'
import { pluginsQuery, serversQuery } from '../api/queries'
import type { ServerStatus } from '../api/types'
import { useConditions } from '../blocks/server-state'
import { probeWords } from '../features/plugins/probe-words'
import { LOCALES, useI18n } from '../i18n'
import { paths } from '../lib/paths'
import { canEditServers } from '../lib/roles'
import { toggleTheme } from '../lib/theme'
import { PRESETS, relative, TIME_KEYS } from '../lib/time-range'
import { unsaved } from '../lib/unsaved'
import { cx } from '../ui/classes'
import { Icon } from '../ui/icon'
import { useCountsAsOpen } from '../ui/open-dialogs'
import { serverTabs, useNav } from './nav'
import { useDatabases } from './palette-databases'
import { type Command, findCommands, searchedWords } from './palette-model'
import { useUser } from './session-context'
import { useTime } from './time'
import { releaseKeys } from './typed-ahead'

const LIST_ID = 'palette-list'
const optionId = (index: number) => `palette-option-${index}`

/** Everything that has a name, and everything that can be done, from one field. */
export function Palette(props: { onClose: () => void; onHelp: () => void }) {
  const { t } = useI18n()
  const [text, setText] = useState('')
  const [chosenId, setChosenId] = useState('')
  const list = useRef<HTMLDivElement>(null)
  const commands = useCommands(props.onHelp, text)
  const found = useMemo(() => findCommands(commands, text), [commands, text])
  // By what it is and not by its place: what the host finds later comes in between.
  const chosen = Math.max(
    0,
    found.findIndex((command) => command.id === chosenId),
  )
  useCountsAsOpen(true)
  useEffect(() => () => void releaseKeys(), [])

  const run = (command: Command | undefined) => {
    if (command === undefined) return
    props.onClose()
    command.run()
  }
  const choose = (index: number) => {
    setChosenId(found[index]?.id ?? '')
    list.current?.querySelector(`#${optionId(index)}`)?.scrollIntoView({ block: 'nearest' })
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return
    const last = found.length - 1
    if (event.key === 'ArrowDown') choose(chosen >= last ? 0 : chosen + 1)
    else if (event.key === 'ArrowUp') choose(chosen <= 0 ? last : chosen - 1)
    else if (event.key === 'Enter') run(found[chosen])
    else return
    event.preventDefault()
  }

  return (
    <Dialog.Root open onOpenChange={(open) => !open && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-40 bg-black/40 dark:bg-black/60" />
        <Dialog.Popup className="fixed top-3 left-1/2 z-50 flex max-h-[min(30rem,calc(100dvh-1.5rem))] w-[min(38rem,calc(100vw-1.5rem))] -translate-x-1/2 flex-col overflow-hidden rounded-xl border border-line bg-panel text-ink shadow-popup outline-none sm:top-[12vh]">
          <Dialog.Title className="sr-only">{t.palette.title}</Dialog.Title>
          <div className="flex items-center gap-2.5 border-b border-line px-3.5">
            <Icon name="search" className="size-4 shrink-0 text-dim" />
            <input
              type="text"
              role="combobox"
              aria-expanded="true"
              aria-controls={LIST_ID}
              aria-autocomplete="list"
              aria-label={t.palette.title}
              {...(found.length > 0 ? { 'aria-activedescendant': optionId(chosen) } : {})}
              placeholder={t.palette.placeholder}
              autoComplete="off"
              spellCheck={false}
              value={text}
              onChange={(event) => {
                setText(event.target.value)
                setChosenId('')
              }}
              onFocus={() => setText(text + releaseKeys())}
              onKeyDown={onKeyDown}
              className="min-h-12 w-full bg-transparent text-base outline-none placeholder:text-dim"
            />
          </div>
          <div
            ref={list}
            id={LIST_ID}
            role="listbox"
            aria-label={t.palette.results}
            tabIndex={-1}
            className="min-h-0 overflow-y-auto p-1.5"
          >
            {found.map((command, index) => (
              <Option
                key={command.id}
                id={optionId(index)}
                command={command}
                chosen={index === chosen}
                heading={found[index - 1]?.group === command.group ? undefined : command.group}
                onPoint={() => setChosenId(command.id)}
                onRun={() => run(command)}
              />
            ))}
          </div>
          {found.length === 0 && <p className="px-4 pt-2 pb-5 text-center text-dim">{t.palette.nothing}</p>}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

function Option(props: {
  id: string
  command: Command
  chosen: boolean
  heading: string | undefined
  onPoint: () => void
  onRun: () => void
}) {
  const { command, chosen } = props
  return (
    <>
      {props.heading !== undefined && (
        <div role="presentation" className="px-2 pt-2 pb-1 text-2xs font-medium text-dim first:pt-0.5">
          {props.heading}
        </div>
      )}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the field keeps the focus and names the chosen option */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: Enter in the field runs it */}
      <div
        id={props.id}
        role="option"
        aria-selected={chosen}
        onPointerMove={() => !chosen && props.onPoint()}
        onClick={props.onRun}
        className={cx(
          'flex min-h-8 cursor-pointer items-center gap-2.5 rounded-md px-2',
          chosen && 'bg-accent-soft text-accent-strong',
        )}
      >
        <Icon name={command.icon} className={cx('size-4 shrink-0', !chosen && 'text-dim')} />
        <span className="min-w-0 truncate">{command.label}</span>
        {command.hint && (
          <span className={cx('ml-auto max-w-[50%] truncate pl-3 text-xs', !chosen && 'text-dim')}>{command.hint}</span>
        )}
      </div>
    </>
  )
}

function useCommands(onHelp: () => void, text: string): Command[] {
  const pages = usePages()
  const things = useThings(text)
  const tabs = useServerTabs(text)
  const actions = useActions(onHelp)
  return useMemo(() => [...things, ...tabs, ...pages, ...actions], [things, tabs, pages, actions])
}

function usePages(): Command[] {
  const { t } = useI18n()
  const navigate = useNavigate()
  const user = useUser()
  const groups = useNav(user.role)
  return useMemo(() => {
    const page = (to: string, label: string, icon: Command['icon'], hint?: string): Command => ({
      id: `page ${to}`,
      group: t.palette.pages,
      label,
      icon,
      ...(hint === undefined ? {} : { hint }),
      run: () => void navigate({ to }),
    })
    return [
      ...groups.flatMap((group) => group.items.map((item) => page(item.to, item.label, item.icon, group.label))),
      page(paths.account(), t.nav.account, 'user'),
      ...(canEditServers(user.role) ? [page(paths.newServer(), t.servers.add, 'plus')] : []),
    ]
  }, [t, navigate, groups, user.role])
}

/** The time context goes along; what belongs to the page before does not. */
function useGo() {
  const navigate = useNavigate()
  return useCallback(
    (to: string, search: Record<string, string> = {}) =>
      () =>
        void navigate({ to, search: (previous: Record<string, unknown>) => ({ ...timeOf(previous), ...search }) }),
    [navigate],
  )
}

const timeOf = (search: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(TIME_KEYS.map((key) => [key, search[key]]))

const NO_SERVERS: readonly ServerStatus[] = []

/** Servers, databases, plugins and metrics by their names. */
function useThings(text: string): Command[] {
  const { t, locale } = useI18n()
  const go = useGo()
  const servers = useQuery(serversQuery())
  const plugins = useQuery(pluginsQuery())
  const databases = useDatabases(text)
  const conditionOf = useConditions(servers.data ?? NO_SERVERS)
  return useMemo(() => {
    const { palette } = t
    return [
      ...(servers.data ?? []).map(
        (one): Command => ({
          id: `server ${one.name}`,
          group: palette.servers,
          label: one.name,
          hint: t.serverStates[conditionOf(one)],
          words: `${one.host} ${one.tags.join(' ')}`,
          icon: 'server',
          run: go(paths.server(one.name)),
        }),
      ),
      ...databases.map(
        ({ server, name }): Command => ({
          id: `database ${server} ${name}`,
          group: palette.databases,
          label: name,
          hint: server,
          icon: 'database',
          run: go(paths.database(server, name)),
        }),
      ),
      ...(plugins.data ?? []).map(
        (one): Command => ({
          id: `plugin ${one.name}`,
          group: palette.plugins,
          label: one.name,
          hint: t.pluginStates[one.state],
          icon: 'plugin',
          run: go(paths.plugin(one.name)),
        }),
      ),
      ...(plugins.data ?? []).flatMap((plugin) => {
        const words = plugin.metadata && probeWords(plugin.metadata, locale)
        return (plugin.metadata?.sets ?? []).flatMap((set) =>
          set.metrics.map(
            (metric): Command => ({
              id: `metric ${metric.full_name} ${plugin.name}`,
              group: palette.metrics,
              label: metric.full_name,
              // Whoever reads Russian looks for a metric in Russian.
              hint: words?.metricHelp(set.name, metric.name, metric.help) ?? metric.help,
              icon: 'chart',
              run: go(paths.explore(), { set: set.name, metric: metric.name }),
            }),
          ),
        )
      }),
    ]
  }, [t, locale, go, conditionOf, servers.data, plugins.data, databases])
}

/** Where the text has words of both, a tab of a server: `pg15 sess`. */
function useServerTabs(text: string): Command[] {
  const { t } = useI18n()
  const go = useGo()
  const { data: servers } = useQuery(serversQuery())
  return useMemo(() => {
    const words = searchedWords(text)
    if (words.length < 2) return []
    const isMeant = (name: string) => words.some((word) => name.toLocaleLowerCase().includes(word))
    return (servers ?? NO_SERVERS)
      .filter((server) => isMeant(server.name))
      .flatMap(({ name }) =>
        serverTabs(name, t.server.tabs)
          .filter((tab) => isMeant(tab.label))
          .map(
            ({ to, label }): Command => ({
              id: `tab ${to}`,
              group: t.palette.servers,
              label: `${name}, ${label}`,
              icon: 'server',
              run: go(to),
            }),
          ),
      )
  }, [t, go, servers, text])
}

function useActions(onHelp: () => void): Command[] {
  const { t, setLocale } = useI18n()
  const time = useTime()
  return useMemo(() => {
    const action = (id: string, label: string, icon: Command['icon'], run: () => void): Command => ({
      id: `action ${id}`,
      group: t.palette.actions,
      label,
      icon,
      run,
    })
    return [
      ...PRESETS.map((preset) =>
        action(`range ${preset}`, t.time.last(t.time.presets[preset]), 'clock', () => {
          const range = relative(preset)
          if (range !== undefined) time.setRange(range)
        }),
      ),
      action('pause', time.paused ? t.time.resume : t.time.pause, time.paused ? 'play' : 'pause', () =>
        time.setPaused(!time.paused),
      ),
      action('theme', t.shortcuts.names.theme, 'moon', toggleTheme),
      ...LOCALES.map((locale) =>
        action(`locale ${locale}`, locale === 'en' ? 'English' : 'Русский', 'globe', () => setLocale(locale)),
      ),
      action('help', t.shortcuts.title, 'keyboard', onHelp),
      action('sign out', t.nav.signOut, 'signOut', () => unsaved.leave(() => void session.signOut())),
    ]
  }, [t, time, setLocale, onHelp])
}

import { Menu } from '@base-ui/react/menu'
import type { ReactNode } from 'react'
import { cx } from './classes'
import { Icon, type IconName } from './icon'

const itemClass =
  'flex min-h-8 w-full items-center gap-2 rounded px-2.5 py-1 outline-none select-none data-highlighted:bg-sunken'

export function MenuButton(props: { label?: string; trigger: ReactNode; children: ReactNode; className?: string }) {
  return (
    <Menu.Root>
      <Menu.Trigger
        {...(props.label === undefined ? {} : { 'aria-label': props.label })}
        className={props.className ?? ''}
      >
        {props.trigger}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="end" className="z-50">
          <Menu.Popup className="max-h-(--available-height) min-w-52 overflow-y-auto rounded-lg border border-line bg-panel p-1 text-ink shadow-popup outline-none">
            {props.children}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  )
}

export function MenuItem(props: {
  onSelect: () => void
  icon?: IconName
  tone?: 'bad'
  disabled?: boolean
  children: ReactNode
}) {
  return (
    <Menu.Item
      disabled={props.disabled ?? false}
      className={cx(itemClass, props.tone === 'bad' && 'text-bad', 'data-disabled:opacity-55')}
      onClick={props.onSelect}
    >
      {props.icon && <Icon name={props.icon} className={props.tone ? 'size-4 shrink-0' : 'size-4 shrink-0 text-dim'} />}
      {props.children}
    </Menu.Item>
  )
}

export const MenuSeparator = () => <Menu.Separator className="my-1 h-px bg-line" />

export function MenuChoice<Value extends string>(props: {
  label: string
  value: Value
  choices: readonly { value: Value; label: string }[]
  onChange: (value: Value) => void
}) {
  return (
    <Menu.Group>
      <Menu.GroupLabel className="px-2.5 pt-1.5 pb-0.5 text-xs text-dim">{props.label}</Menu.GroupLabel>
      <Menu.RadioGroup value={props.value}>
        {props.choices.map((choice) => (
          <Menu.RadioItem
            key={choice.value}
            value={choice.value}
            className={itemClass}
            onClick={() => props.onChange(choice.value)}
          >
            <span className="size-4 shrink-0">
              <Menu.RadioItemIndicator>
                <Icon name="check" />
              </Menu.RadioItemIndicator>
            </span>
            {choice.label}
          </Menu.RadioItem>
        ))}
      </Menu.RadioGroup>
    </Menu.Group>
  )
}

/** One of several that may be on at once; the menu stays open. */
export function MenuCheck(props: { checked: boolean; onChange: (checked: boolean) => void; children: ReactNode }) {
  return (
    <Menu.CheckboxItem checked={props.checked} onCheckedChange={props.onChange} className={itemClass}>
      <span className="size-4 shrink-0">
        <Menu.CheckboxItemIndicator>
          <Icon name="check" />
        </Menu.CheckboxItemIndicator>
      </span>
      {props.children}
    </Menu.CheckboxItem>
  )
}

import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { keyServersQuery } from '../../api/admin-queries'
import { api, unwrap } from '../../api/client'
import type { SshKey } from '../../api/types'
import { useUser } from '../../app/session-context'
import { Facts } from '../../blocks/card'
import { CopyButton } from '../../blocks/copy-button'
import { QueryView } from '../../blocks/state-view'
import { useI18n } from '../../i18n'
import { download } from '../../lib/download'
import { paths } from '../../lib/paths'
import { Button } from '../../ui/button'
import { DialogActions, ModalDialog } from '../../ui/dialog'
import { Icon } from '../../ui/icon'
import { TextSkeleton } from '../../ui/skeleton'
import { toast } from '../../ui/toasts'

/** A key, its public half for `authorized_keys`, and who signs in with it. */
export function KeyDetails({ sshKey, onClose }: { sshKey: SshKey; onClose: () => void }) {
  const { t, u } = useI18n()
  // Lists do not show the public half to operators; the answer that made the key does.
  const isShown = sshKey.public_key.startsWith('ssh-') || sshKey.public_key.startsWith('ecdsa-')
  return (
    <ModalDialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={sshKey.name}
      closeLabel={t.common.close}
      size="wide"
    >
      <Facts
        items={[
          [t.keys.columns.type, `${sshKey.key_type}${sshKey.has_passphrase ? `, ${t.keys.withPassphrase}` : ''}`],
          [
            t.keys.columns.fingerprint,
            <code key="fingerprint" className="font-mono text-xs break-all">
              {sshKey.fingerprint}
            </code>,
          ],
          [t.keys.columns.created, `${u.dateTime(sshKey.created_at)}, ${sshKey.created_by}`],
          ...(sshKey.description ? ([[t.keys.description, sshKey.description]] as const) : []),
        ]}
      />
      {isShown && (
        <section aria-label={t.keys.publicKey} className="px-3">
          <h3 className="font-semibold">{t.keys.publicKey}</h3>
          <p className="text-dim">{t.keys.publicKeyHint}</p>
          <pre className="mt-1.5 max-h-40 overflow-auto rounded-md border border-line bg-sunken p-2 font-mono text-xs break-all whitespace-pre-wrap">
            {sshKey.public_key}
          </pre>
        </section>
      )}
      <KeyServers id={sshKey.id} />
      <DialogActions>
        {isShown && <CopyButton text={sshKey.public_key} label={t.keys.copyPublic} />}
        <SavePublic id={sshKey.id} />
        <Button look="primary" onClick={onClose}>
          {t.common.done}
        </Button>
      </DialogActions>
    </ModalDialog>
  )
}

function KeyServers({ id }: { id: string }) {
  const { t } = useI18n()
  const query = useQuery(keyServersQuery(id))
  return (
    <section aria-label={t.keys.usedBy} className="mt-3 px-3">
      <h3 className="font-semibold">{t.keys.usedBy}</h3>
      <QueryView query={query} skeleton={<TextSkeleton />}>
        {({ servers }) =>
          servers.length === 0 ? (
            <p className="text-dim">{t.keys.unused}</p>
          ) : (
            <ul className="flex flex-wrap gap-x-4">
              {servers.map((server) => (
                <li key={server.name}>
                  <Link
                    to={paths.server(server.name)}
                    className="inline-block min-h-[24px] text-accent-strong hover:underline"
                  >
                    {server.name}
                  </Link>
                </li>
              ))}
            </ul>
          )
        }
      </QueryView>
    </section>
  )
}

function SavePublic({ id }: { id: string }) {
  const { t } = useI18n()
  if (useUser().role !== 'admin') return null
  const save = async () => {
    const file = await unwrap(api.GET('/api/ssh-keys/{id}/download-public', { params: { path: { id } } }))
    download(new Blob([file.content], { type: file.content_type }), file.filename)
  }
  return (
    <Button onClick={() => void save().catch(() => toast(t.charts.exportFailed, 'bad'))}>
      <Icon name="download" />
      {t.keys.savePublic}
    </Button>
  )
}

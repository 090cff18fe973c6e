import { CircleAlert, CircleCheck, Info, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '../ui/IconButton.tsx'
import { dismissAnnouncement, useSession } from './session.ts'
import type { Announcement } from './session.ts'

const shownMs = 4_000
const icons = { info: Info, success: CircleCheck, problem: CircleAlert } as const
const tones = { info: 'text-accent', success: 'text-success', problem: 'text-danger' } as const

function Toast({ announcement }: { readonly announcement: Announcement }): ReactElement {
  const { t } = useTranslation()
  const { id, tone, text } = announcement
  /** Under the pointer or the focus it waits: someone is reading it. */
  const [isHeld, setIsHeld] = useState(false)
  useEffect(() => {
    // A problem stays until it is dismissed: it asks for something to be done.
    if (tone === 'problem' || isHeld) return undefined
    const timer = setTimeout(() => dismissAnnouncement(id), shownMs)
    return () => clearTimeout(timer)
  }, [id, tone, isHeld])
  const Icon = icons[tone]
  return (
    <div
      data-testid="toast"
      // Read out at once; the others wait their turn.
      {...(tone === 'problem' ? { role: 'alert' } : {})}
      data-tone={tone}
      onPointerEnter={() => setIsHeld(true)}
      onPointerLeave={() => setIsHeld(false)}
      onFocus={() => setIsHeld(true)}
      onBlur={() => setIsHeld(false)}
      className="pointer-events-auto flex w-sm max-w-full items-start gap-2 rounded-lg border border-line bg-raised px-3 py-2 shadow-raised"
    >
      <Icon aria-hidden size={16} className={`mt-0.5 shrink-0 ${tones[tone]}`} />
      <p className="min-w-0 flex-1 break-words">{text}</p>
      <IconButton
        icon={X}
        label={t('common.dismiss')}
        className="-my-1 -mr-1.5"
        onClick={() => dismissAnnouncement(id)}
      />
    </div>
  )
}

/** Short messages in the corner, read out as they come. */
export function Toasts(): ReactElement {
  const { t } = useTranslation()
  const announcements = useSession((state) => state.announcements)
  return (
    <section
      aria-label={t('common.notices')}
      aria-live="polite"
      className="pointer-events-none fixed right-3 bottom-20 z-50 flex flex-col gap-2"
    >
      {announcements.map((announcement) => (
        <Toast key={announcement.id} announcement={announcement} />
      ))}
    </section>
  )
}

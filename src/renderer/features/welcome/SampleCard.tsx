import { ArrowRight } from 'lucide-react'
import { useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ProjectInfo } from '../../../shared/contract/contract.ts'
import { useBridge } from '../../app/bridge-context.tsx'
import { useCommands } from '../../app/commands.ts'
import first from './pictures/workbench-01.webp'
import second from './pictures/workbench-03.webp'
import third from './pictures/workbench-04.webp'

const pictures = [first, second, third]
const pictureCount = 24

/** Offers the sample project, with pictures of it. One click makes it and opens it. */
export function SampleCard(properties: {
  readonly onOpened: (project: ProjectInfo) => void
  readonly onProblem: (error: unknown) => void
}): ReactElement {
  const { t } = useTranslation()
  const bridge = useBridge()
  const [busy, setBusy] = useState(false)

  async function open(): Promise<void> {
    setBusy(true)
    properties.onProblem(null)
    try {
      properties.onOpened(await bridge.sample.open({}))
    } catch (failure) {
      properties.onProblem(failure)
      setBusy(false)
    }
  }

  useCommands([
    {
      id: 'welcome.sample',
      labelKey: 'welcome.command.sample',
      keys: ['Ctrl+Alt+S'],
      isEnabled: () => !busy,
      run: open,
    },
  ])

  return (
    <button
      type="button"
      data-testid="sample-card"
      disabled={busy}
      aria-busy={busy}
      className="group flex flex-wrap items-stretch overflow-hidden rounded-lg border border-accent/50 bg-accent-soft text-left hover:border-accent"
      onClick={() => void open()}
    >
      <span aria-hidden className="flex h-32 min-w-72 flex-1 gap-px overflow-hidden">
        {pictures.map((picture) => (
          <img key={picture} src={picture} alt="" className="h-full min-w-0 flex-1 object-cover" />
        ))}
      </span>
      <span className="flex min-w-64 flex-1 flex-col justify-center gap-1 px-5 py-3">
        <span className="flex items-center gap-2 text-lg font-semibold">
          {t('welcome.sample.title')}
          <ArrowRight aria-hidden size={18} className="text-accent" />
        </span>
        <span className="text-muted" role="status">
          {busy ? t('welcome.sample.making') : t('welcome.sample.text', { count: pictureCount })}
        </span>
      </span>
    </button>
  )
}

import { Unplug } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import { useBridge } from './bridge-context.tsx'
import { announce } from './session.ts'

/** Says so while the program behind the page does not answer. */
export function ConnectionBanner(): ReactElement | null {
  const { t } = useTranslation()
  const bridge = useBridge()
  const [isLost, setIsLost] = useState(false)
  const wasLost = useRef(false)
  useEffect(
    () =>
      bridge.connection((state) => {
        if (state === 'connected' && wasLost.current) announce(t('common.connectionBack'), 'success')
        wasLost.current = state === 'lost'
        setIsLost(state === 'lost')
      }),
    [bridge, t],
  )
  if (!isLost) return null
  return (
    <div
      role="alert"
      data-testid="connection-lost"
      className="flex items-center justify-center gap-2 bg-danger-soft px-3 py-1.5 text-danger"
    >
      <Unplug aria-hidden size={15} />
      {t('common.connectionLost')}
    </div>
  )
}

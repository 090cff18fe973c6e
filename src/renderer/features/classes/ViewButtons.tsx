import { Eye, EyeOff, Lock, LockOpen } from 'lucide-react'
import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { ClassSummary } from '../../../shared/contract/contract.ts'
import { setClassHidden, setClassLocked, useSession } from '../../app/session.ts'
import { IconButton } from '../../ui/IconButton.tsx'

/** Shows or hides and locks a class in the editor: a matter of the view, not of the project. */
export function ViewButtons({ summary }: { readonly summary: ClassSummary }): ReactElement {
  const { t } = useTranslation()
  const { id, name } = summary
  const isHidden = useSession((state) => state.hiddenClassIds.has(id))
  const isLocked = useSession((state) => state.lockedClassIds.has(id))
  return (
    <>
      <IconButton
        icon={isHidden ? EyeOff : Eye}
        label={isHidden ? t('classes.manager.show', { name }) : t('classes.manager.hide', { name })}
        onClick={() => setClassHidden(id, !isHidden)}
      />
      <IconButton
        icon={isLocked ? Lock : LockOpen}
        label={isLocked ? t('classes.manager.unlock', { name }) : t('classes.manager.lock', { name })}
        onClick={() => setClassLocked(id, !isLocked)}
      />
    </>
  )
}

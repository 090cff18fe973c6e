import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { Problem } from '../../shared/contract/contract.ts'
import type { FoundProblems } from '../../shared/contract/problem-count.ts'
import { translateOr } from '../i18n/index.ts'

function reasonOf({ reason, error }: Problem): string {
  return error === undefined ? reason : translateOr(`errors.${error.key}`, { ...error.params, message: reason }, reason)
}

/** Names and reasons of what did not work, and how many more there were. Long lists scroll, also by keyboard. */
export function ProblemList({ problems, unlisted }: FoundProblems): ReactElement {
  // Also hears of another language: it is another sentence.
  const { t } = useTranslation()
  return (
    <section
      aria-label={t('common.reasons')}
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reachable by keyboard
      tabIndex={0}
      data-testid="problems"
      className="max-h-56 overflow-y-auto rounded-md border border-line bg-base"
    >
      <ul className="divide-y divide-line">
        {problems.map((problem) => (
          <li key={`${problem.name}\n${problem.reason}`} className="px-2.5 py-1.5">
            <span className="block break-all font-medium">{problem.name}</span>
            <span className="block text-sm text-muted">{reasonOf(problem)}</span>
          </li>
        ))}
        {unlisted !== undefined && (
          <li className="px-2.5 py-1.5 text-sm text-muted">{t('common.unlisted', { count: unlisted })}</li>
        )}
      </ul>
    </section>
  )
}

import type { ReactElement } from 'react'
import type { Problem } from '../../shared/contract/contract.ts'

/** Names and reasons of what did not work. Long lists scroll. */
export function ProblemList({ problems }: { readonly problems: readonly Problem[] }): ReactElement {
  return (
    <ul
      data-testid="problems"
      className="max-h-56 divide-y divide-line overflow-y-auto rounded-md border border-line bg-base"
    >
      {problems.map((problem) => (
        <li key={`${problem.name}\n${problem.reason}`} className="px-2.5 py-1.5">
          <span className="block break-all font-medium">{problem.name}</span>
          <span className="block text-sm text-muted">{problem.reason}</span>
        </li>
      ))}
    </ul>
  )
}

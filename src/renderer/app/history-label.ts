import type { HistoryHeader } from '../../shared/domain/history.ts'
import { translate, translateOr } from '../i18n/index.ts'

/** What an entry did, in words. */
export function historyLabel(entry: HistoryHeader): string {
  return translateOr(`history.${entry.labelKey}`, entry.labelParams, translate('history.unknown'))
}

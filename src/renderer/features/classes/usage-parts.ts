import type { TFunction } from 'i18next'
import type { ClassUsage } from '../../../shared/contract/contract.ts'

/** What a class has, in words, without what it has none of. */
export function usageParts(t: TFunction, usage: ClassUsage | undefined): string[] {
  if (usage === undefined) return []
  const { images, accepted, proposed, examples, verdicts, versions } = usage
  return [
    ...(images > 0 ? [t('classes.manager.images', { count: images })] : []),
    ...(accepted > 0 ? [t('classes.accepted', { count: accepted })] : []),
    ...(proposed > 0 ? [t('classes.proposed', { count: proposed })] : []),
    ...(examples > 0 ? [t('classes.manager.examples', { count: examples })] : []),
    ...(verdicts > 0 ? [t('classes.manager.verdicts', { count: verdicts })] : []),
    ...(versions > 0 ? [t('classes.manager.versions', { count: versions })] : []),
  ]
}

import { Tabs } from 'radix-ui'
import type { ReactElement, ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { languages, motions, themes } from '../../../shared/domain/preferences.ts'
import { changePreferences, setMaskOpacity, usePreference } from '../../app/preferences.ts'
import { useAppInfo } from '../../app/queries.ts'
import { Button } from '../../ui/Button.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { ErrorNotice } from '../../ui/ErrorNotice.tsx'
import { Field, SegmentedControl, Select } from '../../ui/fields.tsx'
import { ProductMark } from '../../ui/ProductMark.tsx'

const panel = 'flex min-w-0 flex-1 flex-col gap-5'

/** How the program looks, what it computes on, and what it is. Every change takes effect at once; undo is not needed. */
export function SettingsDialog(properties: {
  readonly onClose: () => void
  /** What the app composes for *Device*. */
  readonly devicePanel: ReactNode
  /** And for *Model*. */
  readonly modelPanel: ReactNode
}): ReactElement {
  const { t } = useTranslation()
  const { devicePanel, modelPanel } = properties
  const sections = [
    { id: 'appearance', content: <Appearance /> },
    { id: 'model', content: modelPanel },
    { id: 'device', content: devicePanel },
    { id: 'about', content: <About /> },
  ] as const
  return (
    <Dialog title={t('settings.title')} size="large" testId="settings" onClose={properties.onClose}>
      <Tabs.Root defaultValue="appearance" orientation="vertical" className="flex min-h-84 gap-6">
        <Tabs.List aria-label={t('settings.title')} className="flex w-40 shrink-0 flex-col gap-0.5">
          {sections.map(({ id }) => (
            <Tabs.Trigger
              key={id}
              value={id}
              {...(id === 'appearance' ? { 'data-initial-focus': true } : {})}
              className="flex h-7 items-center rounded-md px-2.5 text-left text-muted hover:bg-hover hover:text-text data-[state=active]:bg-accent-soft data-[state=active]:font-medium data-[state=active]:text-text"
            >
              {t(`settings.${id}`)}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        {sections.map(({ id, content }) => (
          <Tabs.Content key={id} value={id} tabIndex={-1} className={panel} data-testid={`settings-${id}`}>
            {content}
          </Tabs.Content>
        ))}
      </Tabs.Root>
    </Dialog>
  )
}

function Appearance(): ReactElement {
  const { t } = useTranslation()
  const { theme, language, reducedMotion, maskOpacity } = usePreference((state) => state)
  const percent = Math.round(maskOpacity * 100)
  return (
    <>
      <SegmentedControl
        label={t('settings.theme')}
        value={theme}
        onChange={(chosen) => changePreferences({ theme: chosen })}
        options={themes.map((value) => ({ value, label: t(`settings.themes.${value}`) }))}
      />
      <Field label={t('settings.language')}>
        {(ids) => (
          <Select
            {...ids}
            className="w-56"
            value={language}
            onChange={(chosen) => changePreferences({ language: chosen })}
            options={languages.map((value) => ({ value, label: t(`settings.languages.${value}`) }))}
          />
        )}
      </Field>
      <SegmentedControl
        label={t('settings.motion')}
        hint={t('settings.motionHint')}
        value={reducedMotion}
        onChange={(chosen) => changePreferences({ reducedMotion: chosen })}
        options={motions.map((value) => ({ value, label: t(`settings.motions.${value}`) }))}
      />
      <Field label={t('settings.maskOpacity')} hint={t('settings.maskOpacityHint')}>
        {(ids) => (
          <span className="flex items-center gap-3">
            <input
              {...ids}
              type="range"
              className="w-56 accent-accent"
              min={0}
              max={100}
              step={5}
              value={percent}
              aria-valuetext={t('settings.percent', { percent })}
              onChange={(event) => setMaskOpacity(event.currentTarget.valueAsNumber / 100)}
            />
            <span className="tabular-nums">{t('settings.percent', { percent })}</span>
          </span>
        )}
      </Field>
    </>
  )
}

function About(): ReactElement {
  const { t } = useTranslation()
  const info = useAppInfo()
  if (info.error !== null) {
    return (
      <ErrorNotice error={info.error}>
        <Button onClick={() => void info.refetch()}>{t('common.retry')}</Button>
      </ErrorNotice>
    )
  }
  return (
    <>
      <div className="flex items-center gap-3">
        <ProductMark size={40} />
        <div>
          <p className="text-lg font-semibold">{t('common.appName')}</p>
          <p className="text-muted">
            {info.data === undefined ? t('common.loading') : t('settings.version', { version: info.data.version })}
          </p>
        </div>
      </div>
      <p>{t('settings.local')}</p>
      <dl className="flex flex-col gap-3">
        <Fact name={t('settings.licence')}>{t('settings.licenceText')}</Fact>
        <Fact name={t('settings.program')}>{info.data?.folders.program}</Fact>
        <Fact name={t('settings.configuration')}>{info.data?.folders.configuration}</Fact>
        <Fact name={t('settings.projects')}>{t('settings.projectsText')}</Fact>
      </dl>
    </>
  )
}

function Fact(properties: { readonly name: string; readonly children: ReactNode }): ReactElement {
  return (
    <div>
      <dt className="text-sm font-medium text-muted">{properties.name}</dt>
      <dd className="break-words select-text">{properties.children}</dd>
    </div>
  )
}

import type { ReactElement } from 'react'
import { useTranslation } from 'react-i18next'
import type { SegmentSpec } from '../../../shared/contract/contract.ts'
import { runCommand } from '../../app/commands.ts'
import { useDevices } from '../../app/queries.ts'
import { Button } from '../../ui/Button.tsx'
import { Field, Select } from '../../ui/fields.tsx'

type Provider = SegmentSpec['provider']

/** Which device segments: the one *Automatic* stands for, or any that works, by name. */
export function DeviceChoice(properties: {
  readonly value: Provider
  readonly onChange: (value: Provider) => void
}): ReactElement {
  const { t } = useTranslation()
  const list = useDevices().data
  const auto = list === undefined || list.auto.why === 'untried' ? null : t(`devices.names.${list.auto.provider}`)
  const others = (list?.devices ?? []).filter((each) => each.provider !== 'cpu' && each.ran)
  const options: { value: Provider; label: string }[] = [
    { value: 'auto', label: auto === null ? t('devices.names.auto') : t('devices.automatic', { name: auto }) },
    { value: 'cpu', label: t('devices.names.cpu') },
    ...others.map(({ provider, verdict }) => {
      const name = t(`devices.names.${provider}`)
      return { value: provider, label: verdict === 'slower' ? t('devices.slowerChoice', { name }) : name }
    }),
  ]
  return (
    <Field label={t('devices.choice')}>
      {(ids) => (
        <div className="flex gap-2">
          <Select
            {...ids}
            className="flex-1"
            options={options}
            value={properties.value}
            onChange={properties.onChange}
          />
          <Button variant="quiet" onClick={() => void runCommand('app.devices', { source: 'button' })}>
            {t('devices.open')}
          </Button>
        </div>
      )}
    </Field>
  )
}

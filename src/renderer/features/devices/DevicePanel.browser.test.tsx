import { beforeEach, describe, expect, it } from 'vitest'
import { page } from 'vitest/browser'
import { render } from 'vitest-browser-react'
import type { DeviceList } from '../../../shared/contract/contract.ts'
import { AppError } from '../../../shared/errors.ts'
import { AppCommands } from '../../app/AppCommands.tsx'
import { createFakeBridge, fakeDevice, fakeDevices, fakeJob } from '../../app/fake-bridge.test-support.ts'
import type { FakeOptions } from '../../app/fake-bridge.test-support.ts'
import { Surroundings } from '../../app/render.test-support.tsx'
import { openProject, resetSession, session } from '../../app/session.ts'
import { JobBar } from '../batch/JobBar.tsx'
import { SegmentDialog } from '../batch/SegmentDialog.tsx'
import { DevicePanel } from './DevicePanel.tsx'

const figures = { difference: null, milliseconds: null, cpuMilliseconds: null, nodeShare: null }
const broken = { loaded: false, ran: false, ...figures }

/** One device for every way in which things can be. */
const everything: DeviceList = fakeDevices({
  devices: [
    fakeDevice(),
    fakeDevice({ provider: 'cuda', milliseconds: 3.2, difference: 1.3e-6, nodeShare: 0.97, tolerance: 1e-2 }),
    fakeDevice({
      provider: 'directml',
      verdict: 'missing',
      detail: 'onnxruntime for linux comes without it',
      ...broken,
    }),
    fakeDevice({ provider: 'coreml', verdict: 'different', ran: false, difference: 0.5, tolerance: 1e-2 }),
    fakeDevice({ provider: 'webgpu', verdict: 'slower', milliseconds: 300 }),
  ],
  auto: { provider: 'cuda', why: 'fastest' },
})

async function show(options: FakeOptions) {
  const fake = createFakeBridge(options)
  await render(
    <Surroundings fake={fake}>
      <DevicePanel />
    </Surroundings>,
  )
  return fake
}

const row = (provider: string) => page.getByTestId('device').and(page.elementLocator(rowElement(provider)))

function rowElement(provider: string): Element {
  const found = document.querySelector(`[data-testid=device][data-provider=${provider}]`)
  if (found === null) throw new Error(`no row for ${provider}`)
  return found
}

describe('the device panel', () => {
  beforeEach(() => resetSession())

  it('says of each device whether it was tried, loaded, ran and is used, with its figures, and what auto does', async () => {
    await show({ devices: everything })
    await expect
      .element(page.getByTestId('devices-auto'))
      .toMatchTextContent('Automatic uses CUDA: it passed every check and is 25 times as fast as the CPU.')
    expect(rowElement('cuda').textContent).toBe(
      'CUDAyesyesyesyes3.2 ms80 ms25 ×0.00013%3%Graphics cards by NVIDIA. Works, agrees with the CPU and is faster.',
    )
    expect(rowElement('directml').textContent).toContain('DirectMLyesnonono–not measured')
    expect(rowElement('directml').textContent).toContain(
      'The software it needs is not installed here (onnxruntime for linux comes without it).',
    )
    expect(rowElement('coreml').textContent).toContain('they differ by 50%, more than the 1% allowed.')
    await expect.element(row('webgpu')).toMatchTextContent(/not faster. It can be chosen by name/)
  })

  it.each([
    ['noneBetter', 'Automatic uses the CPU: no other device passed every check and is faster.'],
    ['untried', /No device has been tried on this computer yet/],
    ['variable', 'Automatic uses CPU, because the variable EXEMPLAR_PROVIDER says so.'],
  ] as const)('explains automatic when %s', async (why, sentence) => {
    await show({ devices: fakeDevices({ auto: { provider: 'cpu', why } }) })
    await expect.element(page.getByTestId('devices-auto')).toMatchTextContent(sentence)
  })

  it('checks again with progress, and shows what was found', async () => {
    let finish: (list: DeviceList) => void = () => undefined
    const checkDevices: FakeOptions['checkDevices'] = ({ onProgress }) => {
      onProgress?.({ done: 1, total: 5, note: 'WebGPU' })
      return new Promise((resolve) => (finish = resolve))
    }
    await show({ checkDevices })
    await page.getByRole('button', { name: 'Check again' }).click()
    await expect.element(page.getByText('Trying WebGPU …')).toBeVisible()
    await expect.element(page.getByRole('button', { name: 'Cancel' })).toBeVisible()
    finish(everything)
    await expect.element(page.getByTestId('devices-auto')).toMatchTextContent(/uses CUDA/)
    await expect.element(page.getByRole('button', { name: 'Check again' })).toBeVisible()
  })

  it('cancels the check and keeps the earlier result', async () => {
    const checkDevices: FakeOptions['checkDevices'] = ({ signal }) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(new AppError('Cancelled', 'cancelled', 'Cancelled.')))
      })
    await show({ devices: everything, checkDevices })
    await page.getByRole('button', { name: 'Check again' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await expect.element(page.getByRole('button', { name: 'Check again' })).toBeVisible()
    await expect.element(page.getByTestId('devices-auto')).toMatchTextContent(/uses CUDA/)
    expect(session.getState().announcements.map(({ text }) => text)).toEqual([
      'The check was cancelled; the earlier result stays.',
    ])
  })

  it('shows why a check could not be made', async () => {
    const checkDevices: FakeOptions['checkDevices'] = () =>
      Promise.reject(new AppError('ModelMissing', 'modelMissing', 'x', { params: { path: 'backbone.onnx' } }))
    await show({ checkDevices })
    await page.getByRole('button', { name: 'Check again' }).click()
    await expect.element(page.getByRole('alert')).toMatchTextContent(/The model file backbone.onnx cannot be read/)
  })
})

describe('devices elsewhere', () => {
  beforeEach(() => resetSession())

  it('the device of a job opens the devices; a device that fails at work is announced and shown anew', async () => {
    const fake = createFakeBridge({ devices: everything })
    openProject('p1')
    await render(
      <Surroundings fake={fake}>
        <AppCommands />
        <JobBar />
      </Surroundings>,
    )
    fake.emitJob(fakeJob())
    await page.getByTestId('job-device').click()
    await expect.element(page.getByTestId('device-dialog')).toBeVisible()
    await expect.element(page.getByTestId('devices-auto')).toMatchTextContent(/uses CUDA/)
    const asked = (): number => fake.calls.filter(({ name }) => name === 'devices.list').length
    const before = asked()
    fake.emitDeviceFailed(fakeDevice({ provider: 'cuda', verdict: 'failedAtWork', detail: 'it hung' }))
    await expect.poll(asked).toBeGreaterThan(before)
    expect(session.getState().announcements).toMatchObject([
      { tone: 'problem', text: 'CUDA failed while it worked (it hung). The work goes on on the CPU.' },
    ])
  })

  it('a job runs on the device that was chosen among those that work', async () => {
    const fake = createFakeBridge({ devices: everything })
    openProject('p1')
    await render(
      <Surroundings fake={fake}>
        <SegmentDialog onClose={() => undefined} />
      </Surroundings>,
    )
    const choice = page.getByLabelText('Device', { exact: true })
    await expect.element(choice).toMatchTextContent('Automatic (CUDA)CPUCUDAWebGPU (slower than the CPU)')
    await choice.selectOptions('WebGPU (slower than the CPU)')
    await page.getByRole('button', { name: 'Start' }).click()
    await expect
      .poll(() => fake.calls.find(({ name }) => name === 'jobs.start')?.input)
      .toMatchObject({ spec: { provider: 'webgpu' } })
  })
})

import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './scripts/tally-reporter.ts'
import { chromiumArguments, findChromium } from './test/support/chromium.ts'

const executablePath = findChromium()

/** One project per rung: Node, the main job in processes, components in Chromium, the whole app in Chromium. */
export default defineConfig({
  test: {
    reporters: ['default', new TallyReporter()],
    projects: [
      {
        // Importing the package in Node would start a download.
        resolve: { alias: { electron: fileURLToPath(new URL('test/electron/fake-electron.ts', import.meta.url)) } },
        test: {
          name: 'node',
          environment: 'node',
          expect: { poll: { timeout: 15_000 } },
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/{cli,kill,pack,e2e,desktop}/**', '**/*.browser.test.ts', '**/node_modules/**'],
          // Native addons (SQLite, sharp, onnxruntime) are loaded: one process per file.
          pool: 'forks',
          testTimeout: 180_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'job',
          environment: 'node',
          expect: { poll: { timeout: 30_000 } },
          include: ['test/{cli,kill,pack,desktop}/**/*.test.ts'],
          pool: 'forks',
          // Each starts processes that use every core.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
      {
        plugins: [react(), tailwindcss()],
        // Known in advance, so that Vite never finds a new one in the middle of a run and reloads the page.
        optimizeDeps: {
          include: [
            '@tanstack/react-query',
            '@tanstack/react-virtual',
            'i18next',
            'lucide-react',
            'radix-ui',
            'react',
            'react-dom',
            'react-dom/client',
            'react-i18next',
            'react/jsx-dev-runtime',
            'vitest-browser-react',
            'zod',
            'zustand',
            'zustand/vanilla',
          ],
        },
        test: {
          name: 'browser',
          include: ['src/renderer/**/*.browser.test.{ts,tsx}'],
          // States are waited for, never times: on a busy machine the default second is not a fault of the page.
          expect: { poll: { timeout: 15_000 } },
          testTimeout: 180_000,
          hookTimeout: 60_000,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: [...chromiumArguments],
                ...(executablePath === undefined ? {} : { executablePath }),
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
      {
        test: {
          name: 'e2e',
          environment: 'node',
          expect: { poll: { timeout: 30_000 } },
          include: ['test/e2e/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})

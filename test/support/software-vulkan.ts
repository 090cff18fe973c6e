import { existsSync } from 'node:fs'

/** SwiftShader's Vulkan driver as Debian's chromium brings it: a GPU in software, for WebGPU where there is none. */
const debianDriver = '/usr/lib/chromium/vk_swiftshader_icd.json'

/** The driver file for `VK_ICD_FILENAMES`: the one that is set, else Debian's; null where there is none. */
export function findSoftwareVulkan(): string | null {
  const named = process.env['VK_ICD_FILENAMES']
  if (process.platform !== 'linux') return null
  return [named ?? '', debianDriver].find((path) => path !== '' && existsSync(path)) ?? null
}

export const noSoftwareVulkanReason = `no Vulkan driver in software: install Debian's "chromium" and "libvulkan1", or set VK_ICD_FILENAMES`

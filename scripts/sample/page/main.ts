import {
  AddEquation,
  BasicShadowMap,
  CustomBlending,
  DirectionalLight,
  DoubleSide,
  FloatType,
  Mesh,
  MeshBasicMaterial,
  NearestFilter,
  LinearSRGBColorSpace,
  OneFactor,
  OrthographicCamera,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  Vector2,
  Vector3,
  WebGLRenderTarget,
  WebGLRenderer,
} from 'three'
import type { Material } from 'three'
import { seededRandom } from '../../../src/main/evaluate/random.ts'
import type { ScenePlan } from '../plan.ts'
import { develop } from './develop.ts'
import { areaAround, makeGround, rectangle, roundedRectangle } from './ground.ts'
import { kelvinColour, lightDirection, makeSurroundings } from './surroundings.ts'
import { classIdOf, makeThings, onGround } from './things.ts'

export interface RenderSize {
  readonly width: number
  readonly height: number
  /** Exposures that are averaged: lights, lens and pixel are sampled anew in each. */
  readonly samples: number
  /** Side of the ground's textures in pixels. */
  readonly ground: number
}

/** Base64, rows from the top down. */
export interface Rendered {
  readonly rgb: string
  readonly classIds: string
}

declare global {
  interface Window {
    renderScene: (plan: ScenePlan, size: RenderSize) => Rendered
  }
}

const renderer = new WebGLRenderer({ antialias: false, preserveDrawingBuffer: false })
renderer.shadowMap.enabled = true
renderer.shadowMap.type = BasicShadowMap
renderer.outputColorSpace = LinearSRGBColorSpace
if (renderer.extensions.get('EXT_float_blend') === null) throw new Error('This browser cannot add up exposures.')

window.renderScene = (plan, size) => {
  const { scene, eye, release } = build(plan, size)
  const light = expose(scene, plan, eye, size)
  const white = kelvinColour(plan.lens.whiteKelvin)
  const rgb = develop(light, size.width, size.height, plan.lens, white, plan.seed)
  const classIds = identify(scene, eye, size)
  release()
  return { rgb: toBase64(rgb), classIds: toBase64(classIds) }
}

/** Where the camera is, and what is up in its picture. */
interface Eye {
  readonly camera: PerspectiveCamera
  readonly position: Vector3
  readonly up: Vector3
}

function openEye(plan: ScenePlan, size: RenderSize): Eye {
  const { width, elevation, heading, roll, fieldOfView } = plan.camera
  const aspect = size.width / size.height
  const camera = new PerspectiveCamera(fieldOfView, aspect, 1, 400)
  const distance = width / aspect / 2 / Math.tan((fieldOfView * Math.PI) / 360)
  const position = lightDirection(Math.PI / 2 - heading, elevation).multiplyScalar(distance)
  const forward = position.clone().negate().normalize()
  const side = new Vector3(Math.cos(heading), 0, -Math.sin(heading))
  const up = side.clone().cross(forward).normalize().applyAxisAngle(forward, roll)
  const eye = { camera, position, up }
  look(eye, new Vector3())
  return eye
}

/** Moves the lens; what lies at the origin stays where it is in the picture. */
function look({ camera, position, up }: Eye, shift: Vector3): void {
  camera.position.copy(position).add(shift)
  camera.up.copy(up)
  camera.lookAt(0, 0, 0)
  camera.updateMatrixWorld()
}

function build(
  plan: ScenePlan,
  size: RenderSize,
): { readonly scene: Scene; readonly eye: Eye; readonly release: () => void } {
  const eye = openEye(plan, size)
  const scene = new Scene()
  const things = makeThings(plan)
  scene.add(things)
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x = 0, y = 0]) => {
    const point = onGround(eye.position, new Vector3(x, y, 0.5).unproject(eye.camera), plan.camera.width * 3)
    return new Vector2(point.x, point.z)
  }) // prettier-ignore
  const area = areaAround(corners, plan.camera.width * 0.06)
  const seed = plan.seed % 9973
  const made: ReturnType<typeof makeGround>[] = []
  if (plan.rim === null) made.push(makeGround(renderer, plan.surface, seed, area, size.ground, rectangle(area)))
  else {
    const floor = roundedRectangle(plan.rim.halfX + 0.1, plan.rim.halfZ + 0.1, 2.4)
    const below = makeGround(renderer, 'wood', seed, area, size.ground, rectangle(area))
    below.mesh.position.y = -0.3
    made.push(makeGround(renderer, plan.surface, seed, area, size.ground, floor), below)
  }
  scene.add(...made.map(({ mesh }) => mesh))
  const surroundings = makeSurroundings(renderer, plan)
  scene.environment = surroundings.texture
  return {
    scene,
    eye,
    release: () => {
      surroundings.dispose()
      for (const ground of made) ground.release()
      things.traverse((each) => {
        if (!(each instanceof Mesh)) return
        const mesh = each as Mesh
        mesh.geometry.dispose()
        ;(mesh.material as Material).dispose()
      })
    },
  }
}

/** The golden ratio's relatives: points that fill a square evenly however many there are. */
function spread(index: number, offset: readonly [number, number]): readonly [number, number] {
  return [(offset[0] + index * 0.7548776662466927) % 1, (offset[1] + index * 0.5698402909980532) % 1]
}

function disc([u, v]: readonly [number, number]): readonly [number, number] {
  return [Math.sqrt(u) * Math.cos(2 * Math.PI * v), Math.sqrt(u) * Math.sin(2 * Math.PI * v)]
}

function makeLight(scene: Scene, plan: ScenePlan, mapSize: number): DirectionalLight {
  const light = new DirectionalLight()
  light.castShadow = true
  light.shadow.mapSize.set(mapSize, mapSize)
  const half = plan.camera.width * 1.05
  Object.assign(light.shadow.camera, { left: -half, right: half, top: half, bottom: -half, near: 1, far: 120 })
  light.shadow.camera.updateProjectionMatrix()
  light.shadow.bias = -0.0004
  light.shadow.normalBias = (3.4 * plan.camera.width) / mapSize
  scene.add(light, light.target)
  return light
}

/** @returns linear RGBA, rows from the bottom up, averaged over all exposures. */
function expose(scene: Scene, plan: ScenePlan, eye: Eye, size: RenderSize): Float32Array {
  const random = seededRandom(plan.seed + 1)
  const offsets = Array.from({ length: 4 }, () => [random(), random()] as const)
  const key = makeLight(scene, plan, 2048)
  const dome = makeLight(scene, plan, 1024)
  const keyColour = kelvinColour(plan.light.keyKelvin)
  const ambient = kelvinColour(plan.light.ambientKelvin)
  const towards = lightDirection(plan.light.heading, plan.light.elevation)
  const side = new Vector3(0, 1, 0).cross(towards).normalize()
  const over = towards.clone().cross(side)

  const options = { type: FloatType, minFilter: NearestFilter, magFilter: NearestFilter } as const
  const single = new WebGLRenderTarget(size.width, size.height, options)
  const sum = new WebGLRenderTarget(size.width, size.height, { ...options, depthBuffer: false })
  const adder = new ShaderMaterial({
    uniforms: { uPicture: { value: single.texture }, uShare: { value: 1 / size.samples } },
    vertexShader: 'varying vec2 vUv; void main() { vUv = uv; gl_Position = vec4(position.xy, 0.0, 1.0); }',
    // A mirrored lamp may be as bright as it likes: one exposure must not leave a lone white pixel.
    fragmentShader:
      'varying vec2 vUv; uniform sampler2D uPicture; uniform float uShare; void main() { gl_FragColor = vec4(min(texture2D(uPicture, vUv).rgb, 14.0) * uShare, 1.0); }',
    blending: CustomBlending,
    blendEquation: AddEquation,
    blendSrc: OneFactor,
    blendDst: OneFactor,
    depthTest: false,
    depthWrite: false,
  })
  const quad = new Mesh(new PlaneGeometry(2, 2), adder)
  quad.frustumCulled = false
  const adding = new Scene()
  adding.add(quad)
  const flat = new OrthographicCamera()
  renderer.setRenderTarget(sum)
  renderer.clear()

  const { right, top } = { right: new Vector3(), top: new Vector3() }
  for (let index = 0; index < size.samples; index++) {
    const [jx, jy] = spread(index, offsets[0] ?? [0, 0])
    const [lensX, lensY] = disc(spread(index, offsets[1] ?? [0, 0]))
    const [keyX, keyY] = disc(spread(index, offsets[2] ?? [0, 0]))
    const [domeX, domeZ] = disc(spread(index, offsets[3] ?? [0, 0]))
    // Cosine-weighted directions of the upper half: what an open sky gives a flat ground.
    const domeDirection = new Vector3(
      domeX,
      Math.sqrt(Math.max(0.02, 1 - domeX * domeX - domeZ * domeZ)),
      domeZ,
    ).normalize()
    const keyDirection = towards
      .clone()
      .addScaledVector(side, keyX * plan.light.spread)
      .addScaledVector(over, keyY * plan.light.spread)
      .normalize()
    key.position.copy(keyDirection).multiplyScalar(60)
    key.color.copy(keyColour)
    key.intensity = plan.light.strength
    dome.position.copy(domeDirection).multiplyScalar(60)
    dome.color.copy(ambient)
    // Irradiance pi over the cosine of this sample's direction, so that the mean is an even sky.
    dome.intensity = (plan.light.ambient * Math.PI) / Math.max(0.25, domeDirection.y)

    look(eye, new Vector3())
    right.setFromMatrixColumn(eye.camera.matrixWorld, 0)
    top.setFromMatrixColumn(eye.camera.matrixWorld, 1)
    const shift = right.multiplyScalar(lensX * plan.camera.aperture).addScaledVector(top, lensY * plan.camera.aperture)
    look(eye, shift)
    eye.camera.setViewOffset(size.width, size.height, (jx - 0.5) * 1.25, (jy - 0.5) * 1.25, size.width, size.height)
    renderer.setRenderTarget(single)
    renderer.autoClear = true
    renderer.render(scene, eye.camera)
    renderer.setRenderTarget(sum)
    renderer.autoClear = false
    renderer.render(adding, flat)
  }
  renderer.autoClear = true
  const light = new Float32Array(size.width * size.height * 4)
  renderer.readRenderTargetPixels(sum, 0, 0, size.width, size.height, light)
  for (const each of [single, sum, adder, quad.geometry, key.shadow, dome.shadow]) each.dispose()
  scene.remove(key, dome, key.target, dome.target)
  return light
}

/** Class ids of what the middle of each pixel sees, rows from the top down. */
function identify(scene: Scene, eye: Eye, size: RenderSize): Uint8Array {
  eye.camera.clearViewOffset()
  look(eye, new Vector3())
  const target = new WebGLRenderTarget(size.width, size.height, { minFilter: NearestFilter, magFilter: NearestFilter })
  const plain = new Scene()
  const flat = new Map<number, MeshBasicMaterial>()
  scene.updateMatrixWorld()
  scene.traverse((each) => {
    if (!(each instanceof Mesh)) return
    const mesh = each as Mesh
    const id = classIdOf(mesh)
    const material = flat.get(id) ?? new MeshBasicMaterial({ side: DoubleSide })
    material.color.setRGB(id / 255, 0, 0, LinearSRGBColorSpace)
    flat.set(id, material)
    const copy = new Mesh(mesh.geometry, material)
    copy.matrixAutoUpdate = false
    copy.matrix.copy(mesh.matrixWorld)
    plain.add(copy)
  })
  renderer.setRenderTarget(target)
  renderer.render(plain, eye.camera)
  const pixels = new Uint8Array(size.width * size.height * 4)
  renderer.readRenderTargetPixels(target, 0, 0, size.width, size.height, pixels)
  target.dispose()
  for (const material of flat.values()) material.dispose()
  const ids = new Uint8Array(size.width * size.height)
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      ids[y * size.width + x] = pixels[((size.height - 1 - y) * size.width + x) * 4] ?? 0
    }
  }
  return ids
}

function toBase64(bytes: Uint8Array): string {
  const parts: string[] = []
  for (let at = 0; at < bytes.length; at += 0x6000) parts.push(String.fromCharCode(...bytes.subarray(at, at + 0x6000)))
  return btoa(parts.join(''))
}

import {
  FloatType,
  GLSL3,
  HalfFloatType,
  LinearFilter,
  LinearMipmapLinearFilter,
  Mesh,
  NearestFilter,
  PlaneGeometry,
  RawShaderMaterial,
  Scene,
  Shape,
  ShapeGeometry,
  OrthographicCamera,
  Vector2,
  WebGLRenderTarget,
} from 'three'
import type { BufferGeometry, WebGLRenderer } from 'three'
import type { Surface } from '../plan.ts'
import { grounds } from './grounds.ts'
import { groundMaterial } from './materials.ts'
import { noise, patterns } from './noise.ts'

export interface Area {
  readonly low: Vector2
  readonly span: Vector2
}

const vertexShader = /* glsl */ `
in vec3 position; out vec2 vUv;
void main() { vUv = position.xy * 0.5 + 0.5; gl_Position = vec4(position.xy, 0.0, 1.0); }`

const head = /* glsl */ `precision highp float; precision highp int; in vec2 vUv; uniform vec2 uLow; uniform vec2 uSpan; uniform uint uSeed;`

function surfaceShader(surface: Surface): string {
  return `${head}\n${noise}\n${patterns}
layout(location = 0) out vec4 paint; layout(location = 1) out vec4 shape;
void main() {
  vec2 p = uLow + vUv * uSpan; uint seed = uSeed;
  vec3 albedo = vec3(0.2); float rough = 0.8; float metal = 0.0; float height = 0.0;
  ${grounds[surface]}
  paint = vec4(sqrt(clamp(albedo, 0.0, 1.0)), rough); shape = vec4(height, metal, 0.0, 1.0);
}`
}

const copyShader = /* glsl */ `${head}
uniform sampler2D uPaint; out vec4 copy;
void main() { copy = texelFetch(uPaint, ivec2(gl_FragCoord.xy), 0); }`

const slopeShader = /* glsl */ `${head}
uniform sampler2D uHeight; out vec4 relief;
void main() {
  ivec2 size = textureSize(uHeight, 0); ivec2 at = ivec2(gl_FragCoord.xy);
  vec2 texel = uSpan / vec2(size);
  #define H(x, y) texelFetch(uHeight, clamp(at + ivec2(x, y), ivec2(0), size - 1), 0).r
  vec2 slope = vec2(H(1, 0) - H(-1, 0), H(0, 1) - H(0, -1)) / (2.0 * texel);
  relief = vec4(clamp(slope, -1.5, 1.5), texelFetch(uHeight, at, 0).g, 1.0);
}`

function mipmapped(size: number): WebGLRenderTarget {
  return new WebGLRenderTarget(size, size, {
    type: HalfFloatType,
    depthBuffer: false,
    generateMipmaps: true,
    minFilter: LinearMipmapLinearFilter,
    magFilter: LinearFilter,
    anisotropy: 2,
  })
}

function draw(
  renderer: WebGLRenderer,
  target: WebGLRenderTarget,
  fragmentShader: string,
  uniforms: Readonly<Record<string, { value: unknown }>>,
): void {
  const material = new RawShaderMaterial({
    glslVersion: GLSL3,
    vertexShader,
    fragmentShader,
    uniforms: { ...uniforms },
  })
  const quad = new Mesh(new PlaneGeometry(2, 2), material)
  quad.frustumCulled = false
  const scene = new Scene()
  scene.add(quad)
  renderer.setRenderTarget(target)
  renderer.render(scene, new OrthographicCamera())
  material.dispose()
  quad.geometry.dispose()
}

/** A flat piece of ground. `size` is the side of its textures in pixels; `release` frees them. */
export function makeGround(
  renderer: WebGLRenderer,
  surface: Surface,
  seed: number,
  area: Area,
  size: number,
  geometry: BufferGeometry,
): { readonly mesh: Mesh; readonly release: () => void } {
  const common = { uLow: { value: area.low }, uSpan: { value: area.span }, uSeed: { value: seed } }
  // Colour and height come from one run of the shader: it takes most of the time.
  const both = new WebGLRenderTarget(size, size, {
    count: 2,
    type: FloatType,
    depthBuffer: false,
    minFilter: NearestFilter,
    magFilter: NearestFilter,
  })
  draw(renderer, both, surfaceShader(surface), common)
  const [paint, shape] = both.textures
  const surfaceMap = mipmapped(size)
  const relief = mipmapped(size)
  draw(renderer, surfaceMap, copyShader, { ...common, uPaint: { value: paint } })
  draw(renderer, relief, slopeShader, { ...common, uHeight: { value: shape } })
  both.dispose()
  const material = groundMaterial({ surface: surfaceMap.texture, relief: relief.texture, ...area })
  const mesh = new Mesh(geometry, material)
  mesh.receiveShadow = true
  return {
    mesh,
    release: () => {
      surfaceMap.dispose()
      relief.dispose()
      material.dispose()
      geometry.dispose()
    },
  }
}

export function rectangle(area: Area): BufferGeometry {
  const geometry = new PlaneGeometry(area.span.x, area.span.y)
  geometry.rotateX(-Math.PI / 2)
  geometry.translate(area.low.x + area.span.x / 2, 0, area.low.y + area.span.y / 2)
  return geometry
}

/** Rectangle with rounded corners around the origin. */
export function roundedRectangle(halfX: number, halfZ: number, corner: number): BufferGeometry {
  const shape = new Shape()
  shape.moveTo(halfX, 0)
  for (const [x, y, turn] of [
    [1, 1, 0],
    [-1, 1, 1],
    [-1, -1, 2],
    [1, -1, 3],
  ] as const) {
    // prettier-ignore
    const start = (turn * Math.PI) / 2
    shape.absarc(x * (halfX - corner), y * (halfZ - corner), corner, start, start + Math.PI / 2, false)
  }
  shape.closePath()
  const geometry = new ShapeGeometry(shape, 16)
  geometry.rotateX(-Math.PI / 2)
  return geometry
}

/** The area of the ground that a rectangle around these points covers. */
export function areaAround(points: readonly Vector2[], margin: number): Area {
  const low = new Vector2(Infinity, Infinity)
  const high = new Vector2(-Infinity, -Infinity)
  for (const point of points) {
    low.min(point)
    high.max(point)
  }
  low.subScalar(margin)
  high.addScalar(margin)
  return { low, span: high.sub(low) }
}

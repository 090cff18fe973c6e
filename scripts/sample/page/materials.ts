import { Color, DoubleSide, MeshStandardMaterial, ShaderChunk, Vector3 } from 'three'
import type { Data3DTexture, Matrix3, Texture, Vector2 } from 'three'
import type { Finish } from '../plan.ts'
import { makeNoiseBlock } from './noise-block.ts'

/**
 * Of the two lights that each exposure draws, the second samples the surroundings. What hides it from a point also
 * hides the surroundings' reflection there, so metals darken where they touch. Diffuse light from the surroundings
 * comes from that light alone: the environment map adds reflections only.
 */
const occludedReflections = ShaderChunk.lights_fragment_maps
  .replace('iblIrradiance += getIBLIrradiance( geometryNormal );', '')
  .replace(
    'radiance += iblRadiance;',
    `DirectionalLightShadow dome = directionalLightShadows[ 1 ];
    float open = getShadow( directionalShadowMap[ 1 ], dome.shadowMapSize, dome.shadowIntensity, dome.shadowBias, dome.shadowRadius, vDirectionalShadowCoord[ 1 ] );
    radiance += iblRadiance * mix( 0.12, 1.0, open );`,
  )

interface Patch {
  readonly key: string
  readonly uniforms: Readonly<Record<string, { value: unknown }>>
  readonly vertexPars: string
  readonly vertex: string
  readonly pars: string
  /** After colour, roughness and metalness are known. */
  readonly surface: string
  /** After the normal is known. */
  readonly normal: string
}

function patched(material: MeshStandardMaterial, patch: Patch): MeshStandardMaterial {
  material.side = DoubleSide
  material.customProgramCacheKey = () => patch.key
  material.onBeforeCompile = (shader) => {
    Object.assign(shader.uniforms, patch.uniforms)
    shader.vertexShader = shader.vertexShader
      .replace('#include <common>', `#include <common>\n${patch.vertexPars}`)
      .replace('#include <begin_vertex>', `#include <begin_vertex>\n${patch.vertex}`)
    shader.fragmentShader = shader.fragmentShader
      .replace('#include <common>', `#include <common>\n${patch.pars}`)
      .replace('#include <metalnessmap_fragment>', `#include <metalnessmap_fragment>\n${patch.surface}`)
      .replace('#include <normal_fragment_maps>', `#include <normal_fragment_maps>\n${patch.normal}`)
      .replace('#include <lights_fragment_maps>', occludedReflections)
  }
  return material
}

/** How a thing looks: linear colour, and how worn it is. */
export interface Look {
  readonly colour: readonly [number, number, number]
  readonly roughness: number
  readonly metalness: number
  /** Share that is rusty, and how much dust and grease there is, 0 to 1. */
  readonly rust: number
  readonly dirt: number
  /** Depth of the unevenness. */
  readonly bump: number
  /** Shift of the hue over the surface, as on passivated zinc. */
  readonly iridescence: number
}

export const finishLooks: Readonly<Record<Finish, Look>> = {
  zinc: { colour: [0.5, 0.53, 0.565], roughness: 0.3, metalness: 0.95, rust: 0.06, dirt: 0.4, bump: 0.5, iridescence: 0.12 },
  steel: { colour: [0.43, 0.42, 0.405], roughness: 0.25, metalness: 1, rust: 0.14, dirt: 0.45, bump: 0.4, iridescence: 0 },
  brass: { colour: [0.72, 0.49, 0.19], roughness: 0.27, metalness: 1, rust: 0, dirt: 0.6, bump: 0.4, iridescence: 0 },
  black: { colour: [0.05, 0.05, 0.054], roughness: 0.42, metalness: 0.75, rust: 0.12, dirt: 0.35, bump: 0.5, iridescence: 0 },
  yellow: { colour: [0.66, 0.53, 0.25], roughness: 0.3, metalness: 0.95, rust: 0.05, dirt: 0.35, bump: 0.5, iridescence: 0.6 },
  rusty: { colour: [0.36, 0.345, 0.33], roughness: 0.42, metalness: 0.9, rust: 0.72, dirt: 0.7, bump: 1.1, iridescence: 0 },
} // prettier-ignore

let noiseBlock: Data3DTexture | undefined

/** A worn thing. `turn` is the rotation of its geometry in the world; `seed` places its stains. */
export function wornMaterial(look: Look, seed: number, turn: Matrix3): MeshStandardMaterial {
  const material = new MeshStandardMaterial({
    color: new Color(...look.colour),
    roughness: look.roughness,
    metalness: look.metalness,
  })
  return patched(material, {
    key: 'worn',
    uniforms: {
      uOffset: { value: new Vector3(seed % 97, seed % 89, seed % 83) },
      uWear: { value: new Vector3(look.rust, look.dirt, look.iridescence) },
      uBump: { value: look.bump },
      uTurn: { value: turn },
      uNoise: { value: (noiseBlock ??= makeNoiseBlock()) },
    },
    vertexPars: 'varying vec3 vLocal;',
    vertex: 'vLocal = position;',
    pars: `varying vec3 vLocal; uniform vec3 uOffset; uniform vec3 uWear; uniform float uBump; uniform mat3 uTurn; uniform highp sampler3D uNoise;`,
    surface: /* glsl */ `
      // One period of the block is 8 cells of its coarsest noise.
      vec3 spot = (vLocal + uOffset) / 8.0;
      vec4 fineNoise = texture(uNoise, spot * 7.3 + 0.37);
      float broad = 0.8 * texture(uNoise, spot * 1.7).r + 0.2 * fineNoise.r;
      float fine = fineNoise.r;
      float hair = 0.6 * texture(uNoise, spot * vec3(6.0, 34.0, 50.0)).r + 0.4 * texture(uNoise, spot * vec3(54.0, 22.0, 7.0)).r;
      vec4 rustNoise = texture(uNoise, spot * 3.1 + 0.61);
      float rustEdge = mix(0.86, 0.36, uWear.x);
      float rusty = smoothstep(rustEdge - 0.04, rustEdge + 0.22, rustNoise.r + 0.34 * (fine - 0.5));
      float grease = smoothstep(0.5, 0.78, broad) * uWear.y;
      vec3 shine = diffuseColor.rgb * (0.86 + 0.28 * hair * 0.6 + 0.12 * (broad - 0.5));
      vec3 hue = 0.5 + 0.5 * cos(6.2832 * (broad * 1.6 + vec3(0.0, 0.28, 0.56)));
      shine = mix(shine, shine * (0.62 + 0.76 * hue), uWear.z);
      shine = mix(shine, shine * vec3(0.5, 0.45, 0.38), 0.75 * grease);
      vec3 oxide = mix(vec3(0.26, 0.095, 0.034), vec3(0.05, 0.024, 0.017), smoothstep(0.25, 0.8, 0.5 * fine + 0.5 * broad));
      diffuseColor.rgb = mix(shine, oxide, 0.93 * rusty);
      roughnessFactor = clamp(roughnessFactor + 0.18 * (broad - 0.5) + 0.16 * (hair - 0.5) + 0.2 * grease + 0.5 * rusty, 0.12, 1.0);
      metalnessFactor *= (1.0 - 0.95 * rusty) * (1.0 - 0.25 * grease);`,
    normal: /* glsl */ `
      vec3 slope = 0.05 * (rustNoise.gba - 0.5) + 0.07 * (fineNoise.gba - 0.5);
      slope = mat3(viewMatrix) * (uTurn * slope) * uBump * (1.0 + 3.0 * rusty);
      normal = normalize(normal - (slope - dot(slope, normal) * normal));`,
  })
}

/** Flat ground whose colour, roughness, metalness and slope are in two textures over a rectangle. */
export function groundMaterial(maps: {
  /** Square root of the albedo, and roughness. */
  readonly surface: Texture
  /** Slope in x and z, metalness. */
  readonly relief: Texture
  readonly low: Vector2
  readonly span: Vector2
}): MeshStandardMaterial {
  return patched(new MeshStandardMaterial({ roughness: 1, metalness: 1 }), {
    key: 'ground',
    uniforms: {
      uSurface: { value: maps.surface },
      uRelief: { value: maps.relief },
      uLow: { value: maps.low },
      uSpan: { value: maps.span },
    },
    vertexPars: 'varying vec2 vGround;',
    vertex: 'vGround = position.xz;',
    pars: 'varying vec2 vGround; uniform sampler2D uSurface; uniform sampler2D uRelief; uniform vec2 uLow; uniform vec2 uSpan;',
    surface: /* glsl */ `
      vec2 on = (vGround - uLow) / uSpan;
      vec4 paint = texture2D(uSurface, on); vec4 relief = texture2D(uRelief, on);
      diffuseColor.rgb = paint.rgb * paint.rgb; roughnessFactor = clamp(paint.a, 0.08, 1.0); metalnessFactor = relief.b;`,
    normal: 'normal = normalize(mat3(viewMatrix) * vec3(-relief.x, 1.0, -relief.y));',
  })
}

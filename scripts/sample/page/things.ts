import { Group, Matrix3, Matrix4, Mesh } from 'three'
import type { BufferGeometry, Vector3 } from 'three'
import { partKinds } from '../plan.ts'
import type { Clutter, Part, Pose, ScenePlan } from '../plan.ts'
import { finishLooks, wornMaterial } from './materials.ts'
import type { Look } from './materials.ts'
import {
  bladeGeometry,
  discGeometry,
  gripGeometry,
  keyGeometry,
  keyRingGeometry,
  partGeometry,
  pencilGeometries,
  rimGeometry,
} from './shapes.ts'

/** `userData.classId` of a mesh: what the masks say where it is seen. */
export function classIdOf(mesh: Mesh): number {
  const { classId } = mesh.userData as { readonly classId?: number }
  return classId ?? 0
}

/** Everything that lies on the ground. */
export function makeThings(plan: ScenePlan): Group {
  const group = new Group()
  for (const part of plan.parts) {
    group.add(thing(partGeometry(part), finishLooks[part.finish], part.seed, poseMatrix(part.pose), part))
  }
  for (const each of plan.clutter) group.add(...clutter(each))
  if (plan.rim !== null) {
    group.add(thing(rimGeometry(plan.rim.halfX, plan.rim.halfZ), looks.rim, plan.seed, new Matrix4()))
  }
  return group
}

function poseMatrix({ at, spin, tilt, heading }: Pose): Matrix4 {
  return new Matrix4()
    .makeTranslation(...at)
    .multiply(new Matrix4().makeRotationY(-heading))
    .multiply(new Matrix4().makeRotationZ(-tilt))
    .multiply(new Matrix4().makeRotationY(spin))
}

function thing(geometry: BufferGeometry, look: Look, seed: number, matrix: Matrix4, part?: Part): Mesh {
  const mesh = new Mesh(geometry, wornMaterial(look, seed, new Matrix3().setFromMatrix4(matrix)))
  mesh.matrixAutoUpdate = false
  mesh.matrix.copy(matrix)
  mesh.castShadow = true
  mesh.receiveShadow = true
  mesh.userData = { classId: part === undefined ? 0 : partKinds.indexOf(part.kind) + 1 }
  return mesh
}

const plain = { rust: 0, dirt: 0.25, bump: 0.15, iridescence: 0 } as const
const looks = {
  grip: { ...plain, colour: [0.5, 0.02, 0.016], roughness: 0.3, metalness: 0 },
  otherGrip: { ...plain, colour: [0.75, 0.3, 0.02], roughness: 0.34, metalness: 0 },
  blade: { ...plain, colour: [0.58, 0.58, 0.6], roughness: 0.24, metalness: 1 },
  copper: { ...plain, colour: [0.5, 0.26, 0.15], roughness: 0.36, metalness: 1, dirt: 0.8, bump: 0.6 },
  key: { ...plain, colour: [0.62, 0.56, 0.42], roughness: 0.3, metalness: 1, dirt: 0.5 },
  paint: { ...plain, colour: [0.52, 0.27, 0.012], roughness: 0.38, metalness: 0 },
  otherPaint: { ...plain, colour: [0.02, 0.13, 0.09], roughness: 0.38, metalness: 0 },
  bareWood: { ...plain, colour: [0.55, 0.37, 0.2], roughness: 0.8, metalness: 0 },
  lead: { ...plain, colour: [0.035, 0.035, 0.04], roughness: 0.45, metalness: 0.3 },
  rim: { rust: 0.16, dirt: 0.6, bump: 0.3, iridescence: 0, colour: [0.42, 0.43, 0.45], roughness: 0.42, metalness: 0.75 },
} as const satisfies Readonly<Record<string, Look>> // prettier-ignore

function clutter({ kind, x, z, heading, seed }: Clutter): Mesh[] {
  /** Y of the geometry along `heading`, `up` above the ground. */
  const along = (up: number, shift: number): Matrix4 =>
    poseMatrix({
      at: [x + Math.cos(heading) * shift, up, z + Math.sin(heading) * shift],
      spin: 0,
      tilt: Math.PI / 2,
      heading,
    })
  const lying = new Matrix4().makeTranslation(x, 0, z).multiply(new Matrix4().makeRotationY(-heading))
  switch (kind) {
    case 'screwdriver': {
      const grip = seed % 2 === 0 ? looks.grip : looks.otherGrip
      return [
        thing(gripGeometry(), grip, seed, along(1.3, -9)),
        thing(bladeGeometry(), looks.blade, seed, along(1.3, 0)),
      ]
    }
    case 'disc':
      return [thing(discGeometry(), looks.copper, seed, lying)]
    case 'key':
      return [thing(keyGeometry(), looks.key, seed, lying), thing(keyRingGeometry(), looks.blade, seed, lying)]
    case 'pencil': {
      const [paint, wood, lead] = pencilGeometries()
      const matrix = along(0.34, -6)
      const colour = seed % 2 === 0 ? looks.paint : looks.otherPaint
      return [
        thing(paint, colour, seed, matrix),
        thing(wood, looks.bareWood, seed, matrix),
        thing(lead, looks.lead, seed, matrix),
      ]
    }
  }
}

/** Corners of what the camera sees of the ground. */
export function onGround(from: Vector3, through: Vector3, farthest: number): Vector3 {
  const direction = through.clone().sub(from).normalize()
  const steps = direction.y < -0.05 ? Math.min(-from.y / direction.y, farthest) : farthest
  return from.clone().addScaledVector(direction, steps)
}

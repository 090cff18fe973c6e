import type { MaskTile } from '../../shared/domain/history.ts'
import { annotationCoreSchema, annotationRecordSchema, boxSchema } from '../../shared/domain/records.ts'
import type { AnnotationCore, AnnotationRecord } from '../../shared/domain/records.ts'
import { tileSize } from '../../shared/contract/media.ts'
import { AppError } from '../../shared/errors.ts'
import { runsArea, runsBounds, xorRuns } from '../../shared/mask/tile-runs.ts'
import { z } from '../../shared/zod.ts'
import type { Connection } from './connection.ts'
import { idRow, sqlBoolean, sqlBytes, sqlJson } from './sql-row.ts'
import type { ProjectStore } from './store-port.ts'

const coreColumns = `id, image_id AS imageId, class_id AS classId, kind, origin, state, score, version_id AS versionId,
  polygon, box, crowd, created_at AS createdAt`
const columns = `${coreColumns}, area, mask_revision AS maskRevision,
  json_array(bounds_x, bounds_y, bounds_width, bounds_height) AS bounds`

/** Columns that SQLite has in another form than the record. */
const rawColumns = { polygon: z.string().nullable(), box: z.string().nullable(), crowd: sqlBoolean }
const polygonJson = sqlJson(z.array(z.array(z.number())))
const boxJson = sqlJson(boxSchema)

function readGeometry<T extends z.infer<z.ZodObject<typeof rawColumns>>>(row: T) {
  return {
    ...row,
    polygon: row.polygon === null ? null : polygonJson.parse(row.polygon),
    box: row.box === null ? null : boxJson.parse(row.box),
  }
}

const recordRow = annotationRecordSchema.extend({ ...rawColumns, bounds: boxJson }).transform(readGeometry)
const coreRow = annotationCoreSchema.extend(rawColumns).transform(readGeometry)
const sizeRow = z.object({ width: z.int(), height: z.int() })
const tileRow = z.object({ x: z.int(), y: z.int(), runs: sqlBytes })

export type AnnotationRepository = ProjectStore['annotations'] & {
  /** The core of any annotation, of a hidden image too. */
  readonly find: (annotationId: string) => AnnotationCore | undefined
  readonly hasTiles: (annotationId: string) => boolean
  /** Tiles of any annotation, of a hidden image too. */
  readonly tilesOf: (annotationId: string) => readonly MaskTile[]
  readonly insert: (core: AnnotationCore, revision: number) => void
  readonly update: (core: AnnotationCore) => void
  /** Deletes the row; its tiles go with it, so callers that must not lose pixels ask `hasTiles` first. */
  readonly remove: (annotationId: string) => void
  /** Flips pixels, and brings area, bounds and mask revision up to date. Throws `InvalidInput`. */
  readonly flip: (annotationId: string, tiles: readonly MaskTile[], revision: number) => void
  /** Every open proposal of a class, hidden or not. */
  readonly proposalsOfClass: (classId: string) => readonly AnnotationCore[]
  /** Gives those of these annotations that are open proposals of the class `from` to the class `to`; returns their images. */
  readonly moveProposals: (annotationIds: readonly string[], from: string, to: string) => readonly string[]
  readonly hasAcceptedOfClass: (imageId: string, classId: string) => boolean
  /** Gives the images of a class's annotations a new overlay revision: the colour changed. */
  readonly repaintClass: (classId: string, revision: number) => void
}

export function createAnnotationRepository({ query, command }: Connection): AnnotationRepository {
  const getStatement = query(`SELECT ${columns} FROM annotation WHERE id = @annotationId AND visible = 1`, recordRow)
  const findStatement = query(`SELECT ${coreColumns} FROM annotation WHERE id = @annotationId`, coreRow)
  const ofImageStatement = query(
    `SELECT ${columns} FROM annotation WHERE image_id = @imageId AND visible = 1 ORDER BY created_at, id`,
    recordRow,
  )
  const ofClassStatement = query(
    `SELECT ${columns} FROM annotation WHERE visible = 1 AND class_id = @classId ORDER BY image_id, created_at, id`,
    recordRow,
  )
  const proposedStatements = {
    all: query(
      `SELECT ${columns} FROM annotation WHERE visible = 1 AND state = 'proposed' ORDER BY image_id, created_at, id`,
      recordRow,
    ),
    ofClass: query(
      `SELECT ${columns} FROM annotation WHERE visible = 1 AND class_id = @classId AND state = 'proposed'
       ORDER BY image_id, created_at, id`,
      recordRow,
    ),
    ofImages: query(
      `SELECT ${columns} FROM annotation WHERE image_id IN (SELECT value FROM json_each(@imageIds))
         AND state = 'proposed' AND visible = 1 AND (@classId IS NULL OR class_id = @classId)
       ORDER BY image_id, created_at, id`,
      recordRow,
    ),
  }
  const unlearnedStatement = query(
    `SELECT ${columns} FROM annotation WHERE visible = 1 AND class_id = @classId AND state = 'accepted'
       AND origin = 'corrected' AND kind = 'mask'
       AND NOT EXISTS (SELECT 1 FROM support WHERE annotation_id = annotation.id)
     ORDER BY created_at DESC, id`,
    recordRow,
  )
  const tilesStatement = query(
    'SELECT x, y, runs FROM mask_tile WHERE annotation_id = @annotationId ORDER BY y, x',
    tileRow,
  )
  const imageTilesStatement = query(
    `SELECT annotation.id, mask_tile.x, mask_tile.y, mask_tile.runs FROM annotation
     LEFT JOIN mask_tile ON mask_tile.annotation_id = annotation.id
     WHERE annotation.image_id = @imageId AND annotation.visible = 1 AND annotation.kind = 'mask'
     ORDER BY annotation.created_at, annotation.id, mask_tile.y, mask_tile.x`,
    z.object({ id: z.string(), x: z.int().nullable(), y: z.int().nullable(), runs: sqlBytes.nullable() }),
  )
  const tileStatement = query(
    'SELECT x, y, runs FROM mask_tile WHERE annotation_id = @annotationId AND y = @y AND x = @x',
    tileRow,
  )
  const sizeStatement = query(
    'SELECT width, height FROM image WHERE id = (SELECT image_id FROM annotation WHERE id = @annotationId)',
    sizeRow,
  )
  const hasTilesStatement = query(
    'SELECT annotation_id AS id FROM mask_tile WHERE annotation_id = @annotationId LIMIT 1',
    idRow,
  )
  const putTileStatement = command(`
    INSERT INTO mask_tile (annotation_id, y, x, area, min_x, min_y, max_x, max_y, runs)
    VALUES (@annotationId, @y, @x, @area, @minX, @minY, @maxX, @maxY, @runs)
    ON CONFLICT (annotation_id, y, x) DO UPDATE SET area = excluded.area, min_x = excluded.min_x,
      min_y = excluded.min_y, max_x = excluded.max_x, max_y = excluded.max_y, runs = excluded.runs`)
  const dropTileStatement = command('DELETE FROM mask_tile WHERE annotation_id = @annotationId AND y = @y AND x = @x')
  const refreshStatement = command(`
    UPDATE annotation SET mask_revision = @revision,
      (area, bounds_x, bounds_y, bounds_width, bounds_height) = (
        SELECT coalesce(sum(area), 0), coalesce(min(min_x), 0), coalesce(min(min_y), 0),
          coalesce(max(max_x) - min(min_x), 0), coalesce(max(max_y) - min(min_y), 0)
        FROM mask_tile WHERE annotation_id = @annotationId)
    WHERE id = @annotationId`)
  const insertStatement = command(`
    INSERT INTO annotation (id, image_id, class_id, visible, kind, origin, state, score, version_id, polygon, box, crowd,
      created_at, area, bounds_x, bounds_y, bounds_width, bounds_height, mask_revision)
    VALUES (@id, @imageId, @classId, (SELECT visible FROM image WHERE id = @imageId), @kind, @origin, @state, @score,
      @versionId, @polygon, @box, @crowd, @createdAt, 0, @boundsX, @boundsY, @boundsWidth, @boundsHeight, @revision)`)
  const updateStatement = command(`
    UPDATE annotation SET class_id = @classId, kind = @kind, origin = @origin, state = @state, score = @score,
      version_id = @versionId, polygon = @polygon, box = @box, crowd = @crowd, created_at = @createdAt WHERE id = @id`)
  const boundsStatement = command(`
    UPDATE annotation SET bounds_x = @boundsX, bounds_y = @boundsY, bounds_width = @boundsWidth,
      bounds_height = @boundsHeight WHERE id = @id`)
  const removeStatement = command('DELETE FROM annotation WHERE id = @annotationId')
  const proposalsStatement = query(
    `SELECT ${coreColumns} FROM annotation WHERE class_id = @classId AND state = 'proposed' ORDER BY created_at, id`,
    coreRow,
  )
  const moveStatement = query(
    `UPDATE annotation SET class_id = @to WHERE id IN (SELECT value FROM json_each(@annotationIds))
       AND class_id = @from AND state = 'proposed' RETURNING image_id AS id`,
    idRow,
  )
  const acceptedStatement = query(
    `SELECT id FROM annotation WHERE image_id = @imageId AND state = 'accepted' AND class_id = @classId LIMIT 1`,
    idRow,
  )
  const repaintStatement = command(`
    UPDATE image SET overlay_revision = @revision WHERE id IN (SELECT image_id FROM annotation WHERE class_id = @classId)`)

  function found(row: AnnotationRecord | undefined, annotationId: string): AnnotationRecord {
    if (row !== undefined) return row
    throw notFound(annotationId)
  }

  return {
    get: (annotationId) => found(getStatement.get({ annotationId }), annotationId),
    find: (annotationId) => findStatement.get({ annotationId }),
    ofImage: (imageId) => ofImageStatement.all({ imageId }),
    ofClass: (classId) => ofClassStatement.all({ classId }),
    proposedOf: ({ classId, imageIds }) => {
      if (imageIds !== undefined) {
        return proposedStatements.ofImages.all({ imageIds: JSON.stringify(imageIds), classId: classId ?? null })
      }
      return classId === undefined ? proposedStatements.all.all() : proposedStatements.ofClass.all({ classId })
    },
    unlearned: (classId) => unlearnedStatement.all({ classId }),
    tiles: (annotationId) => {
      found(getStatement.get({ annotationId }), annotationId)
      return tilesStatement.all({ annotationId })
    },
    masksOfImage: (imageId) => {
      const masks = new Map<string, MaskTile[]>()
      for (const { id, x, y, runs } of imageTilesStatement.all({ imageId })) {
        const tiles = masks.get(id) ?? []
        masks.set(id, tiles)
        if (x !== null && y !== null && runs !== null) tiles.push({ x, y, runs })
      }
      return [...masks].map(([annotationId, tiles]) => ({ annotationId, tiles }))
    },
    tilesOf: (annotationId) => tilesStatement.all({ annotationId }),
    hasTiles: (annotationId) => hasTilesStatement.get({ annotationId }) !== undefined,
    insert: (core, revision) => void insertStatement.run({ ...columnsOf(core), revision }),
    update: (core) => {
      updateStatement.run(columnsOf(core))
      // A mask's bounds follow its tiles; only a box has them here.
      if (core.box !== null) boundsStatement.run(columnsOf(core))
    },
    remove: (annotationId) => void removeStatement.run({ annotationId }),
    flip: (annotationId, tiles, revision) => {
      const size = sizeStatement.get({ annotationId })
      if (size === undefined) throw notFound(annotationId)
      for (const { x, y, runs } of tiles) {
        refuseOutside(x, y, runs, size)
        const stored = tileStatement.get({ annotationId, x, y })
        const flipped = stored === undefined ? runs : xorRuns(stored.runs, runs)
        const bounds = runsBounds(flipped)
        if (bounds === null) {
          dropTileStatement.run({ annotationId, x, y })
          continue
        }
        const minX = x * tileSize + bounds[0]
        const minY = y * tileSize + bounds[1]
        putTileStatement.run({
          annotationId,
          x,
          y,
          area: runsArea(flipped),
          minX,
          minY,
          maxX: minX + bounds[2],
          maxY: minY + bounds[3],
          runs: flipped,
        })
      }
      refreshStatement.run({ annotationId, revision })
    },
    proposalsOfClass: (classId) => proposalsStatement.all({ classId }),
    moveProposals: (annotationIds, from, to) => {
      const moved = moveStatement.all({ annotationIds: JSON.stringify(annotationIds), from, to })
      return [...new Set(moved.map((row) => row.id))]
    },
    hasAcceptedOfClass: (imageId, classId) => acceptedStatement.get({ imageId, classId }) !== undefined,
    repaintClass: (classId, revision) => void repaintStatement.run({ classId, revision }),
  }
}

function notFound(annotationId: string): AppError {
  return new AppError('NotFound', 'annotationNotFound', `There is no annotation ${annotationId} in this project.`, {
    params: { id: annotationId },
  })
}

/** Bound parameters of a core; the bounds are those of a box, or an empty mask's. */
function columnsOf(core: AnnotationCore) {
  const [boundsX, boundsY, boundsWidth, boundsHeight] = core.box ?? [0, 0, 0, 0]
  return {
    ...core,
    polygon: core.polygon === null ? null : JSON.stringify(core.polygon),
    box: core.box === null ? null : JSON.stringify(core.box),
    boundsX,
    boundsY,
    boundsWidth,
    boundsHeight,
  }
}

/**
 * Flipped pixels outside the image would put the mask outside it, whatever was there before: stored
 * masks are always within, so checking the difference is enough. Damaged runs throw `InvalidInput` too.
 */
function refuseOutside(x: number, y: number, runs: Uint8Array, { width, height }: z.infer<typeof sizeRow>): void {
  const bounds = runsBounds(runs)
  if (bounds === null) {
    throw new AppError('InvalidInput', 'maskTileEmpty', `The mask tile (${x}, ${y}) holds no pixels.`, {
      params: { x, y },
    })
  }
  if (x * tileSize + bounds[0] + bounds[2] > width || y * tileSize + bounds[1] + bounds[3] > height) {
    throw new AppError(
      'InvalidInput',
      'maskOutsideImage',
      `The mask reaches outside the image of ${width} x ${height} pixels.`,
      { params: { width, height } },
    )
  }
}

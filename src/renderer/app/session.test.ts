import { beforeEach, describe, expect, it } from 'vitest'
import {
  announce,
  closeProject,
  openImage,
  openProject,
  resetSession,
  selectAnnotation,
  selectImages,
  session,
  setActiveClass,
  setGalleryFilter,
  showGallery,
} from './session.ts'

describe('the session', () => {
  beforeEach(() => resetSession())

  it('begins a project in the gallery with nothing left of the one before', () => {
    openProject('p1')
    setGalleryFilter({ text: 'bolt' })
    setActiveClass('c1')
    openImage('i1')
    closeProject()
    expect(session.getState()).toMatchObject({ screen: 'welcome', projectId: null, imageId: null })
    openProject('p2')
    expect(session.getState()).toMatchObject({
      screen: 'gallery',
      projectId: 'p2',
      imageId: null,
      activeClassId: null,
      galleryFilter: {},
    })
  })

  it('lets the selected annotation go with the image, but not when the same image is opened again', () => {
    openProject('p1')
    openImage('i1')
    selectAnnotation('a1')
    openImage('i1')
    expect(session.getState().selectedAnnotationId).toBe('a1')
    openImage('i2')
    expect(session.getState().selectedAnnotationId).toBeNull()
  })

  it('remembers the image when it goes back to the gallery', () => {
    openProject('p1')
    openImage('i7')
    showGallery()
    expect(session.getState()).toMatchObject({ screen: 'gallery', imageId: 'i7' })
  })

  it('lets the picked images go when others are shown', () => {
    openProject('p1')
    selectImages(['i1', 'i2'])
    setGalleryFilter({ statuses: ['reviewed'] })
    expect(session.getState().selectedImageIds.size).toBe(0)
  })

  const said = () => session.getState().announcements.map((each) => each.text)

  it('says a repeated sentence once and keeps the last three', () => {
    for (const text of ['a', 'b', 'a', 'c', 'd']) announce(text)
    expect(said()).toEqual(['a', 'c', 'd'])
  })

  it('says only the last about one topic', () => {
    announce('Undone: a', 'info', 'history')
    announce('saved')
    announce('Undone: b', 'info', 'history')
    expect(said()).toEqual(['saved', 'Undone: b'])
  })

  it('lets a problem stand while there is something else to give way', () => {
    announce('broken', 'problem')
    for (const text of ['a', 'b', 'c']) announce(text)
    expect(said()).toEqual(['broken', 'b', 'c'])
    for (const text of ['d', 'e', 'f', 'g']) announce(text, 'problem')
    expect(said()).toEqual(['e', 'f', 'g'])
  })
})

import { signal } from "@preact/signals";

// The server's stretch is linear over the whole scene, clouds included: with γ 1 the ground is black.
export const SCENE_GAMMA = 1.6;

/** How bright, steep and lifted what is shown is; laid over the one stretch of the whole product. */
export const brightness = signal(1);
export const contrast = signal(1);
export const gamma = signal(SCENE_GAMMA);

export function resetTone(): void {
  brightness.value = 1;
  contrast.value = 1;
  gamma.value = SCENE_GAMMA;
}

export const isToneChanged = () =>
  brightness.value !== 1 || contrast.value !== 1 || gamma.value !== SCENE_GAMMA;

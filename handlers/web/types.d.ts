// Types of the chat page's scripts, for `tsc` alone: nothing of this is served. See json_shapes.py for the server's side.

type JobState =
  | "queued"
  | "submitting"
  | "running"
  | "fetching"
  | "stored"
  | "delivered"
  | "failed"
  | "canceled";

/** What a card shows: a job, or a request that this page is still uploading (`local`). Times are Unix seconds. */
interface View {
  state: JobState | "uploading";
  ended: boolean;
  created: number;
  /** 0..1; null when unknown. */
  progress: number | null;
  error: { message: string; code?: string; retryable?: boolean } | null;
  /** null: the style is a picture of the visitor's own. */
  style_name: string | null;
  local?: boolean;
  /** Other jobs come first. */
  far?: boolean;
  id?: number;
  style?: number | null;
  place?: number | null;
  eta_seconds?: number | null;
  /** At least and at most, in whole steps of one unit; the same twice where one is enough. */
  eta_range?: [number, number] | null;
  eta_is_least?: boolean;
  cropped?: boolean;
  paused?: boolean;
  /** The painting service doesn't answer. */
  away?: boolean;
  repeated?: boolean;
  width?: number | null;
  height?: number | null;
  photo_url?: string | null;
  result_url?: string | null;
}

/** A job as the server sends it: `job_json`. */
interface Job extends View {
  id: number;
  state: JobState;
  place: number | null;
  eta_seconds: number | null;
  photo_url: string | null;
  result_url: string | null;
}

/** One of the looks on offer: `style_json`. */
interface Look {
  index: number;
  slug: string;
  name: string;
  sample_url: string | null;
}

/** `quota_json`. */
interface Quota {
  limit: number;
  used: number;
  reserved: number;
  left: number;
  /** Unix seconds. */
  resets_at: number;
}

/** A picture to show; `file` while this page has it itself. */
interface Picture {
  url: string;
  file?: File;
}

/** A picture that the visitor has added on this page. */
interface AddedPicture extends Picture {
  file: File;
}

/** What the composer hands over. */
interface NewRequest {
  photo: AddedPicture;
  /** A slug, or "reference". */
  look: string;
  name: string | null;
  reference: AddedPicture | null;
}

/** What the buttons of a job do. */
interface JobActions {
  again(style?: string): void;
  cancel(): void;
  delete(): void;
}

/** What the buttons of a request that is still being uploaded do. */
interface UploadActions {
  retry(): void;
  discard(): void;
}

type Actions = Partial<JobActions & UploadActions>;

interface CanvasParts {
  element: HTMLElement;
  under: HTMLImageElement;
  over: HTMLImageElement;
}

/** The elements of index.html that scripts look up by id. */
interface PageElements {
  "all-looks": HTMLButtonElement;
  announcer: HTMLElement;
  camera: HTMLInputElement;
  composer: HTMLFormElement;
  example: HTMLElement;
  "example-look": HTMLElement;
  files: HTMLInputElement;
  language: HTMLButtonElement;
  looks: HTMLElement;
  note: HTMLElement;
  picked: HTMLElement;
  quota: HTMLElement;
  reference: HTMLInputElement;
  send: HTMLButtonElement;
  theme: HTMLButtonElement;
  thread: HTMLElement;
  viewer: HTMLDialogElement;
}

/** The words of the house, tied to the types made from the API's description. */
export type {
  BulkDeleted,
  BulkRefusal,
  BulkRestored,
  BulkTagged,
  BusinessChange,
  BusinessView as Business,
  ChannelCheck,
  ChannelConnect,
  ChannelView as Channel,
  CheckProblem,
  EventView as HistoryEvent,
  Generate as GenerationInput,
  Generated,
  GenerationOptions,
  GenerationView as Generation,
  ImageChange,
  ImageDetail,
  ImageList,
  ImageUploaded,
  ImageView as Image,
  LibraryTotals,
  LimitsView as Limits,
  Login as SignIn,
  Me as Session,
  MemberAdd,
  MemberView as Member,
  PostAnswer,
  PostChange,
  PostCheck,
  PostImageInput,
  PostImageView as PostImage,
  PostInput,
  PostList,
  PostUseView as PostUse,
  PostView as Post,
  PublicationView as Publication,
  ReadinessView as PlatformReadiness,
  Register as SignUp,
  RenditionView as Rendition,
  SignedIn,
  SimilarImageView as SimilarImage,
  StorageReport,
  TagCountView as TagCount,
  TagList,
  UploadOptions,
  UploadPlace,
  UserView as User,
} from "./types.gen";

import type { BusinessView, ChannelView, PostView, PublicationView } from "./types.gen";

export type Role = BusinessView["role"];
export type Platform = ChannelView["platform"];
export type ChannelStatus = ChannelView["status"];
export type PublicationState = PublicationView["state"];
export type PostState = PostView["state"];

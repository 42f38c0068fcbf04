namespace Skiff.Images;
internal static class Placeholder;

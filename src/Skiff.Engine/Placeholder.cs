namespace Skiff.Engine;
internal static class Placeholder;

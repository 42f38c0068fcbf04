namespace Skiff.SystemTests;
internal static class Placeholder;

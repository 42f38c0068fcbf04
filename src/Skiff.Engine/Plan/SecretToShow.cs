using Skiff.Engine.Spec;

namespace Skiff.Engine.Plan;

/// <summary>A secret that a container finds as a file.</summary>
/// <param name="Use">Where, and whose it is.</param>
/// <param name="Path">The file on the host that holds it.</param>
/// <param name="Descriptor">The same, opened, for a child that may not open it; null for others.</param>
/// <param name="Offset">Where in that file it begins.</param>
/// <param name="Length">How many bytes it has.</param>
public sealed record SecretToShow(SecretUse Use, string Path, int? Descriptor, int Offset, int Length);

namespace Skiff.Build.Parsing;

/// <summary>Text that an instruction brings along: <c>&lt;&lt;NAME</c> and the lines up to <c>NAME</c>.</summary>
/// <param name="Name">The word that ends it.</param>
/// <param name="Content">The lines, each with its end; leading tabs are gone where <c>&lt;&lt;-</c> was written.</param>
/// <param name="Expands">False where the word was quoted: then variables stay as they are.</param>
/// <param name="Descriptor">The number before <c>&lt;&lt;</c>; 0 without.</param>
/// <param name="StripsTabs">Written <c>&lt;&lt;-</c>.</param>
public sealed record Heredoc(string Name, string Content, bool Expands, int Descriptor, bool StripsTabs);

using System.Text;

namespace Skiff.Format;

/// <summary>A template of <c>--format</c>: Go's text/template language with docker's functions.</summary>
internal sealed class Template
{
    private static readonly TemplateFunctions s_functions = new();
    private readonly Dictionary<string, IReadOnlyList<Node>> _templates = [];
    private readonly IReadOnlyList<Node> _nodes;

    /// <summary>Reads a template. Throws <see cref="Linux.SkiffException"/> with the column of what is wrong.</summary>
    public Template(string text) => _nodes = TemplateParser.Parse(text, _templates);

    /// <summary>The text for one value.</summary>
    public string Run(Value value) => Run(value, s_functions);

    internal string Run(Value value, TemplateFunctions functions)
    {
        var text = new StringBuilder();
        new TemplateRunner(_templates, functions, text).Run(_nodes, value);
        return text.ToString();
    }
}

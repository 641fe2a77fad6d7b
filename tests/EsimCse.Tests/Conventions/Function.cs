using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EsimCse.Tests.Conventions;

/// <summary>A function and the lines of its body, braces included.</summary>
sealed partial record Function(string File, string Name, int Lines)
{
    /// <summary>Finds the functions of a file: by its syntax in C#, by the layout of its lines elsewhere.</summary>
    public static IEnumerable<Function> FindAll(SourceFile file) => file.Extension switch
    {
        ".cs" => FindInCSharp(file),
        ".py" => FindInPython(file),
        ".sh" => FindBraced(file, ShellFunction(), opensOnSameLine: true),
        _ => FindBraced(file, CFunction(), opensOnSameLine: false),
    };

    static IEnumerable<Function> FindInCSharp(SourceFile file) =>
        from node in file.Parse().DescendantNodes()
        let body = Body(node)
        where body is not null
        let span = body.GetLocation().GetLineSpan()
        select new Function(file.Path, NameOf(node), span.EndLinePosition.Line - span.StartLinePosition.Line + 1);

    static SyntaxNode? Body(SyntaxNode node) => node switch
    {
        BaseMethodDeclarationSyntax method => (SyntaxNode?)method.Body ?? method.ExpressionBody,
        LocalFunctionStatementSyntax local => (SyntaxNode?)local.Body ?? local.ExpressionBody,
        AccessorDeclarationSyntax accessor => (SyntaxNode?)accessor.Body ?? accessor.ExpressionBody,
        _ => null,
    };

    static string NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        LocalFunctionStatementSyntax local => local.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        _ => node.Kind().ToString(),
    };

    static IEnumerable<Function> FindInPython(SourceFile file)
    {
        for (int i = 0; i < file.Lines.Length; i++)
        {
            if (PythonFunction().Match(file.Lines[i]) is not { Success: true } start) continue;
            int indentation = start.Groups["indentation"].Length;
            int end = i;
            for (int j = i + 1; j < file.Lines.Length && (IsBlank(j) || Indentation(file.Lines[j]) > indentation); j++)
                if (!IsBlank(j)) end = j;
            yield return new Function(file.Path, start.Groups["name"].Value, end - i + 1);
        }

        bool IsBlank(int line) => string.IsNullOrWhiteSpace(file.Lines[line]);
    }

    /// <summary>Finds functions whose closing brace has the indentation of their first line.</summary>
    static IEnumerable<Function> FindBraced(SourceFile file, Regex signature, bool opensOnSameLine)
    {
        for (int i = 0; i < file.Lines.Length; i++)
        {
            if (signature.Match(LaunchBounds().Replace(file.Lines[i], "")) is not { Success: true } start) continue;
            if (start.Groups["whole"].Success)
            {
                yield return new Function(file.Path, start.Groups["name"].Value, 1);
                continue;
            }
            int open = opensOnSameLine ? i : NextBrace(file, i);
            if (open < 0) continue;
            string closing = file.Lines[open][..Indentation(file.Lines[open])] + "}";
            int end = Array.FindIndex(file.Lines, open + 1, line => line.StartsWith(closing, StringComparison.Ordinal));
            if (end > open) yield return new Function(file.Path, start.Groups["name"].Value, end - open + 1);
        }
    }

    /// <summary>Returns the line of the brace that opens the body, or -1 where a declaration ends before one.</summary>
    static int NextBrace(SourceFile file, int line)
    {
        for (int i = line; i < file.Lines.Length && i < line + 12; i++)
        {
            string text = file.Lines[i].Trim();
            if (text == "{") return i;
            if (text.EndsWith(';') || text.EndsWith('}')) return -1;
        }
        return -1;
    }

    static int Indentation(string line) => line.Length - line.TrimStart().Length;

    [GeneratedRegex(@"__launch_bounds__\([^()]*\) ")]
    private static partial Regex LaunchBounds();

    [GeneratedRegex(@"^(?<indentation>\s*)def (?<name>\w+)")]
    private static partial Regex PythonFunction();

    [GeneratedRegex(@"^(?<name>\w+)\(\) \{(?<whole>.*\}\s*$)?")]
    private static partial Regex ShellFunction();

    // A type, then a name and an opening parenthesis, at the margin or inside a struct; statements are kept out.
    [GeneratedRegex(@"^( {4})?(?!(if|for|while|switch|return|else|do|case|#|//|throw|static_assert|using|typedef)\b)" +
        @"[A-Za-z_][\w<>:,*&\s\[\]""()]*?[\s*&>](?<name>[A-Za-z_]\w*)\s*\((?<whole>[^;]*\{.*\}\s*$)?")]
    private static partial Regex CFunction();
}

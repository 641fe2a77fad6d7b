using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace EsimCse.Tests.Conventions;

/// <summary>Comments and messages are plain English.</summary>
public partial class CommentTests
{
    static readonly string[] MarkedPhrases =
        ["so many", "beside", "lies", "anew", "likewise", "stands for", "what is", "what was", "what comes"];

    [Fact]
    public void No_summary_begins_with_a_question_word() =>
        None(summary => QuestionWord().IsMatch(summary.Text));

    [Fact]
    public void Summaries_of_methods_begin_with_a_verb_in_the_third_person() =>
        None(summary => summary.Declaration is MethodDeclarationSyntax method && !IsVerb(summary.Text, method));

    [Fact]
    public void Summaries_of_bools_begin_with_Whether() =>
        None(summary => IsBool(summary.Declaration) && !summary.Text.StartsWith("Whether", StringComparison.Ordinal));

    [Fact]
    public void No_marked_phrase_is_used()
    {
        Regex marked = new($@"\b({string.Join('|', MarkedPhrases)})\b", RegexOptions.IgnoreCase);
        string[] found =
        [
            .. from file in SourceFile.All.Concat(SourceFile.Documentation)
               where !file.Path.EndsWith("/CommentTests.cs", StringComparison.Ordinal)
               from line in file.Lines.Index()
               where marked.IsMatch(line.Item.Replace('_', ' '))
               select $"{file.Path}({line.Index + 1}): {line.Item.Trim()}",
        ];
        Violations.None(found);
    }

    [Theory]
    [InlineData("What brings bytes to the host.", true)]
    [InlineData("Of the first step.", true)]
    [InlineData("Offsets of the sentences.", false)]
    [InlineData("Asynchronous copies.", false)]
    public void Question_words_are_found(string summary, bool found) =>
        Assert.Equal(found, QuestionWord().IsMatch(summary));

    static void None(Func<Summary, bool> isViolation) =>
        Violations.None(Summaries().Where(isViolation).Select(summary => $"{summary.File}: {summary.Text}"));

    static IEnumerable<Summary> Summaries() =>
        from file in SourceFile.CSharp
        from trivia in file.Parse().DescendantTrivia()
        where trivia.HasStructure && trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia)
        let comment = (DocumentationCommentTriviaSyntax)trivia.GetStructure()!
        from element in comment.Content.OfType<XmlElementSyntax>()
        where element.StartTag.Name.ToString() == "summary"
        let declaration = trivia.Token.Parent!.FirstAncestorOrSelf<MemberDeclarationSyntax>()
        select new Summary(file.Path, Text(element), declaration);

    /// <summary>Returns whether a summary begins with a verb, or a bool method's with "Whether".</summary>
    static bool IsVerb(string summary, MethodDeclarationSyntax method) =>
        Verb().IsMatch(summary) ||
        (method.ReturnType.ToString() == "bool" && summary.StartsWith("Whether", StringComparison.Ordinal));

    static string Text(XmlElementSyntax element) =>
        Spaces().Replace(element.Content.ToString().Replace("///", " ", StringComparison.Ordinal), " ").Trim();

    static bool IsBool(SyntaxNode? declaration) => declaration switch
    {
        PropertyDeclarationSyntax property => property.Type.ToString() is "bool",
        FieldDeclarationSyntax field => field.Declaration.Type.ToString() is "bool",
        _ => false,
    };

    sealed record Summary(string File, string Text, MemberDeclarationSyntax? Declaration);

    [GeneratedRegex("^(What|Where|How|Of|So|As|That)\\b")]
    private static partial Regex QuestionWord();

    [GeneratedRegex("^[A-Z][a-z]+s\\b")]
    private static partial Regex Verb();

    [GeneratedRegex("\\s+")]
    private static partial Regex Spaces();
}

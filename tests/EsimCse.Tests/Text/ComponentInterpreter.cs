using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace EsimCse.Tests.Text;

/// <summary>
/// The plainest reading of a tokenizer.json: each component as the documentation of Hugging Face's tokenizers has it,
/// by the runtime's own Unicode functions and regular expressions. It shares nothing with the tokenizer.
/// </summary>
sealed class ComponentInterpreter(JsonObject tokenizer)
{
    const string Punctuation = @"[\p{P}$+<=>^`|~]";
    const string NoPunctuation = @"[^\p{P}$+<=>^`|~]";
    const string Word = @"[\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\u200C\u200D]";

    public int[] Encode(string text)
    {
        List<int> ids = [];
        foreach ((string piece, JsonNode? raw) in SplitAtTokens(text, normalized: false))
            if (raw is not null) ids.Add((int)raw["id"]!);
            else foreach ((string part, JsonNode? token) in SplitAtTokens(Normalize(piece), normalized: true))
                if (token is not null) ids.Add((int)token["id"]!);
                else foreach (string word in PreTokenize(tokenizer["pre_tokenizer"], part)) ids.AddRange(Tokens(word));
        return [.. Enclose(ids)];
    }

    string Normalize(string text) => Normalize(tokenizer["normalizer"], text);

    static string Normalize(JsonNode? normalizer, string text) => (string?)normalizer?["type"] switch
    {
        null => text,
        "Lowercase" => Lowercase(text),
        "StripAccents" => Regex.Replace(text, @"\p{M}", ""),
        "NFC" => text.Normalize(NormalizationForm.FormC),
        "NFD" => text.Normalize(NormalizationForm.FormD),
        "NFKC" => text.Normalize(NormalizationForm.FormKC),
        "NFKD" => text.Normalize(NormalizationForm.FormKD),
        "Strip" => Strip(text, (bool)normalizer["strip_left"]!, (bool)normalizer["strip_right"]!),
        "Replace" => Replace(text, normalizer["pattern"]!, (string)normalizer["content"]!),
        "Sequence" => normalizer["normalizers"]!.AsArray().Aggregate(text, (done, step) => Normalize(step, done)),
        _ => Bert(normalizer, text),
    };

    static string Lowercase(string text) => string.Concat(text.EnumerateRunes().Select(rune =>
        rune.Value == 'İ' ? "i\u0307" : Rune.ToLowerInvariant(rune).ToString()));

    static string Strip(string text, bool left, bool right)
    {
        if (left) text = text.TrimStart();
        return right ? text.TrimEnd() : text;
    }

    static string Replace(string text, JsonNode pattern, string content)
    {
        string expression = (string?)pattern["Regex"] ?? Regex.Escape((string)pattern["String"]!);
        return Regex.Replace(text, expression, content.Replace("$", "$$", StringComparison.Ordinal));
    }

    static string Bert(JsonNode normalizer, string text)
    {
        bool lowercase = (bool)normalizer["lowercase"]!;
        if ((bool)normalizer["clean_text"]!)
        {
            text = Regex.Replace(text, @"(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\uFFFD]", "");
            text = Regex.Replace(text, @"\s", " ");
        }
        if ((bool)normalizer["handle_chinese_chars"]!)
            text = Regex.Replace(text, @"[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF]", " $& ");
        if ((bool?)normalizer["strip_accents"] ?? lowercase)
            text = Regex.Replace(text.Normalize(NormalizationForm.FormD), @"\p{Mn}", "");
        return lowercase ? Lowercase(text) : text;
    }

    static IEnumerable<string> PreTokenize(JsonNode? splitter, string text)
    {
        if (text.Length == 0) return [];
        return (string?)splitter?["type"] switch
        {
            null => [text],
            "Sequence" => splitter["pretokenizers"]!.AsArray()
                .Aggregate((IEnumerable<string>)[text], (words, step) => words.SelectMany(w => PreTokenize(step, w))),
            "BertPreTokenizer" => Words(text, @"\S+").SelectMany(w => Words(w, $"{NoPunctuation}+|{Punctuation}")),
            "ByteLevel" => BytePairInterpreter.Split(splitter, text),
            "WhitespaceSplit" => Words(text, @"\S+"),
            "Whitespace" => Words(text, $@"{Word}+|(?:(?!{Word})\S)+"),
            "Digits" => Words(text, (bool)splitter["individual_digits"]! ? @"\p{N}|\P{N}+" : @"\p{N}+|\P{N}+"),
            _ => Words(text, (string)splitter["behavior"]! switch
            {
                "Removed" => $"{NoPunctuation}+",
                "Isolated" => $"{NoPunctuation}+|{Punctuation}",
                "Contiguous" => $"{NoPunctuation}+|{Punctuation}+",
                "MergedWithPrevious" => $"{NoPunctuation}+{Punctuation}?|{Punctuation}",
                _ => $"{Punctuation}?{NoPunctuation}+|{Punctuation}",
            }),
        };
    }

    static IEnumerable<string> Words(string text, string pattern) =>
        Regex.Matches(text, pattern).Select(match => match.Value);

    /// <summary>Splits a text at the added tokens of one kind.</summary>
    IEnumerable<(string Text, JsonNode? Token)> SplitAtTokens(string text, bool normalized)
    {
        (string Content, JsonNode Token)[] tokens =
        [
            .. from token in tokenizer["added_tokens"]!.AsArray()
               where (bool)token!["normalized"]! == normalized
               let content = (string)token["content"]!
               let pattern = normalized ? Normalize(content) : content
               where pattern.Length > 0
               orderby pattern.Length descending
               select (pattern, token),
        ];
        int start = 0;
        string any = string.Join('|', tokens.Select(token => Regex.Escape(token.Content)));
        foreach (Match match in tokens.Length == 0 ? [] : Regex.Matches(text, any).AsEnumerable())
        {
            JsonNode token = tokens.First(token => token.Content == match.Value).Token;
            int begin = match.Index, end = begin + match.Length;
            bool touched = Regex.IsMatch(text[..begin], Word + @"\z") || Regex.IsMatch(text[end..], "^" + Word);
            if ((bool)token["single_word"]! && touched) continue;
            if ((bool)token["lstrip"]!) begin = Math.Max(start, text[..begin].TrimEnd().Length);
            if ((bool)token["rstrip"]!) end = text.Length - text[end..].TrimStart().Length;
            if (begin > start) yield return (text[start..begin], null);
            yield return (text[begin..Math.Max(begin, end)], token);
            start = end;
        }
        if (start < text.Length) yield return (text[start..], null);
    }

    IEnumerable<int> Tokens(string word)
    {
        JsonNode model = tokenizer["model"]!;
        return (string)model["type"]! == "BPE" ? BytePairInterpreter.Merge(model, word) : Pieces(word);
    }

    List<int> Pieces(string word)
    {
        JsonNode model = tokenizer["model"]!;
        JsonObject vocabulary = model["vocab"]!.AsObject();
        int unknown = (int)vocabulary[(string)model["unk_token"]!]!;
        if (word.EnumerateRunes().Count() > (int)model["max_input_chars_per_word"]!)
            return [unknown];
        List<int> ids = [];
        for (int start = 0; start < word.Length;)
        {
            int end = word.Length;
            while (end > start && !vocabulary.ContainsKey(Piece(start, end))) end--;
            if (end == start) return [unknown];
            ids.Add((int)vocabulary[Piece(start, end)]!);
            start = end;
        }
        return ids;

        string Piece(int start, int end) =>
            (start > 0 ? (string)model["continuing_subword_prefix"]! : "") + word[start..end];
    }

    IEnumerable<int> Enclose(List<int> ids)
    {
        if (tokenizer["post_processor"] is not { } processor) return ids;
        if ((string)processor["type"]! != "TemplateProcessing")
            return [(int)processor["cls"]![1]!, .. ids, (int)processor["sep"]![1]!];
        return processor["single"]!.AsArray().SelectMany(part =>
        {
            if (part!["Sequence"] is not null) return ids;
            JsonNode token = processor["special_tokens"]![(string)part["SpecialToken"]!["id"]!]!;
            return token["ids"]!.AsArray().Select(id => (int)id!);
        });
    }
}

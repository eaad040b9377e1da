using System.Text;
using System.Text.RegularExpressions;

namespace KeycloakRealm.Import;

/// <summary>
/// Replaces <c>${NAME}</c>, <c>${NAME:default}</c> and <c>${A,B:default}</c> as Keycloak's import does. Unresolved ones stay, and so
/// does <c>$${NAME}</c>.
/// </summary>
internal sealed partial class Placeholders(IReadOnlyDictionary<string, string>? given)
{
    private readonly SortedSet<(string Path, string Names)> _unset = [];

    /// <summary>What has stayed as it was for want of a variable, since this was asked last: a sentence for each, with its path.</summary>
    public IReadOnlyList<string> TakeUnset()
    {
        List<string> sentences =
        [
            .. _unset.Select(each => $"{each.Path}: ${{{each.Names}}} stays as it is, because the environment variable {each.Names} is not "
                + $"set. Set it, or give a value here: ${{{each.Names}:value}}"),
        ];
        _unset.Clear();
        return sentences;
    }

    public string Resolve(string text, string path = "")
    {
        if (!text.Contains("${", StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder();
        var position = 0;
        while (position < text.Length)
        {
            var start = text.IndexOf("${", position, StringComparison.Ordinal);
            var end = start < 0 ? -1 : ClosingBrace(text, start + 2);
            if (end < 0)
            {
                break;
            }

            result.Append(text, position, start - position);
            position = end + 1;
            if (start > 0 && text[start - 1] == '$')
            {
                result.Append(text, start, end + 1 - start);
                continue;
            }

            var inner = text[(start + 2)..end];
            result.Append(Value(inner, path) ?? $"${{{Resolve(inner, path)}}}");
        }

        return result.Append(text, position, text.Length - position).ToString();
    }

    private static int ClosingBrace(string text, int from)
    {
        var depth = 1;
        for (var i = from; i < text.Length; i++)
        {
            if (text[i] == '$' && i + 1 < text.Length && text[i + 1] == '{')
            {
                depth++;
            }
            else if (text[i] == '}' && --depth == 0)
            {
                return i;
            }
        }

        return -1;
    }

    private string? Value(string inner, string path)
    {
        switch (inner)
        {
            case "/":
                return Path.DirectorySeparatorChar.ToString();
            case ":":
                return Path.PathSeparator.ToString();
        }

        var colon = inner.IndexOf(':', StringComparison.Ordinal);
        var names = colon < 0 ? inner : inner[..colon];
        foreach (var name in names.Split(','))
        {
            if (given is not null && given.TryGetValue(name, out var value))
            {
                return value;
            }

            if (Environment.GetEnvironmentVariable(name) is { } variable)
            {
                return variable;
            }
        }

        if (names.Length == 0 || colon >= 0)
        {
            return names.Length == 0 ? null : Resolve(inner[(colon + 1)..], path);
        }

        if (!IsMessage().IsMatch(names) && !path.EndsWith("['kc.user.profile.config'][0]", StringComparison.Ordinal))
        {
            _unset.Add((path, names));
        }

        return null;
    }

    /// <summary>Keys of Keycloak's own messages and addresses: every export has them.</summary>
    [GeneratedRegex(
        "^((role_|client_).+|.+ConsentText|authBaseUrl|authAdminUrl)$",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex IsMessage();
}

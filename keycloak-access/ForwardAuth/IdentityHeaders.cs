using System.Runtime.CompilerServices;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Primitives;

namespace KeycloakAccess.ForwardAuth;

/// <summary>
/// Who makes a request, as headers of an answer that a proxy copies into the request that it lets through. Each of them is sent with each
/// answer that lets through, so that none of a caller's own is left.
/// </summary>
internal static class IdentityHeaders
{
    public const string Account = "Remote-Account";
    public const string Subject = "Remote-Subject";
    public const string User = "Remote-User";
    public const string Kind = "Remote-Kind";
    public const string Groups = "Remote-Groups";

    // Of what is known of a caller, for as long as it is.
    private static readonly ConditionalWeakTable<KnownAccess, Values> Known = [];

    public static void Write(IHeaderDictionary headers, KnownAccess caller)
    {
        var values = Known.GetValue(caller, static known => new Values(known));
        headers[Account] = values.Account;
        headers[Subject] = values.Subject;
        headers[User] = values.User;
        headers[Kind] = values.Kind;
        headers[Groups] = values.Groups;
    }

    /// <summary>Percent-encoded UTF-8 where a header cannot hold it, and where it would be taken for something else.</summary>
    internal static string Encode(string text) => text.All(IsPlain)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune =>
            rune.IsAscii && IsPlain((char)rune.Value) ? rune.ToString() : Uri.EscapeDataString(rune.ToString())));

    private static bool IsPlain(char character) => character is > ' ' and <= '~' and not (',' or '%');

    private sealed class Values(KnownAccess known)
    {
        public StringValues Account { get; } = known.AccountName;

        public StringValues Subject { get; } = Encode(known.Identity.Subject);

        public StringValues User { get; } = Encode(known.Identity.Username ?? known.Identity.Subject);

        public StringValues Kind { get; } = known.Identity.Kind == AccountKind.Service ? "service" : "person";

        public StringValues Groups { get; } = string.Join(',', known.Subject.Access.Memberships
            .Select(membership => membership.Group.Name)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Select(Encode));
    }
}

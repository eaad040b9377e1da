using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

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

    public static void Write(IHeaderDictionary headers, Caller caller)
    {
        headers[Account] = caller.AccountId.ToString();
        headers[Subject] = Encode(caller.Identity.Subject);
        headers[User] = Encode(caller.Identity.Username ?? caller.Identity.Subject);
        headers[Kind] = caller.Identity.Kind == AccountKind.Service ? "service" : "person";
        headers[Groups] = string.Join(',', caller.Access.Memberships
            .Select(membership => membership.Group.Name)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal)
            .Select(Encode));
    }

    /// <summary>Percent-encoded UTF-8 where a header cannot hold it, and where it would be taken for something else.</summary>
    internal static string Encode(string text) => text.All(IsPlain)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune =>
            rune.IsAscii && IsPlain((char)rune.Value) ? rune.ToString() : Uri.EscapeDataString(rune.ToString())));

    private static bool IsPlain(char character) => character is > ' ' and <= '~' and not (',' or '%');
}

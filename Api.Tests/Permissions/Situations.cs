using CsCheck;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>
/// Generators of situations. They draw from few names, so that roles, mappings and groups meet, deny each other and
/// overlap, rather than pass each other by.
/// </summary>
internal static class Situations
{
    private static readonly string[] RoleNames =
    [
        "a", "b", "book-reader", "book-editor", "acme-api/book-reader", "acme-api/a", "other-api/a", "group:a",
        "/operations", "/operations/leads", "/operations/leads/night", "/sales/leads",
    ];

    private static readonly string[] PatternNames =
        [.. RoleNames, "book-*", "*-reader", "b*k-*r", "acme-api/*a*", "acme-api/book-*", "/operations/*", "/*/leads", "/operations*"];

    public static readonly Gen<KeycloakRole> Role = Gen.OneOf(RoleNames).Select(Notation.Role);

    private static readonly Gen<RolePattern> Pattern = Gen.OneOf(PatternNames)
        .Select(name => new RolePattern(Notation.Role(name).Kind, Notation.Role(name).Client, Notation.Role(name).Name));

    public static readonly Gen<Permission> Known = Gen.OneOf([.. Situation.CatalogueOf().Permissions]);

    /// <summary>As groups write them: mostly one action, at times a wildcard, seldom something that does not exist.</summary>
    public static readonly Gen<Permission> Written = Gen.Frequency(
        (12, Known),
        (3, Gen.OneOf(Situation.Models).Select(model => new Permission(model.Name, Permission.Any))),
        (1, Gen.OneOf(Notation.Everything)),
        (1, Gen.OneOf(new Permission("car", Permission.View))));

    public static readonly Gen<KeycloakRole[]> Roles = Role.Array[0, 5].Select(roles => roles.Distinct().ToArray());

    public static readonly Gen<string> Scope = Gen.OneOf(
        "openid", "profile", "Books:read", "books:read", "books:write", "authors:read", "authors:write", "loans:write", "accounts:read",
        "library:read", "library:all");

    /// <summary>The scopes of a token.</summary>
    public static readonly Gen<IReadOnlySet<string>> Token = Scope.Array[0, 4]
        .Select(scopes => (IReadOnlySet<string>)scopes.ToHashSet(StringComparer.Ordinal));

    // Endpoints state no scope that does not exist: it ends the start.
    private static readonly Gen<IReadOnlyList<IReadOnlyList<string>>?> Alternatives = Gen.Frequency(
        (4, Gen.Const(() => (IReadOnlyList<IReadOnlyList<string>>?)null)),
        (1, Scope.Where(Situation.CatalogueOf().IsScope).Array[1, 2].Array[1, 3]
            .Select(sets => (IReadOnlyList<IReadOnlyList<string>>?)sets)));

    private static readonly Gen<AccessRequirement> Requirement = Gen.Select(
        Gen.Frequency(
            (10, Known.Select(known => (Permission?)known)),
            (1, Gen.Const(() => (Permission?)new Permission("car", Permission.View))),
            (1, Gen.Const(() => (Permission?)null))),
        Alternatives,
        Gen.Frequency((4, false), (1, true)),
        Gen.Frequency((6, (AccountKind?)null), (1, AccountKind.Person), (1, AccountKind.Service)),
        (permission, scopes, requires, only) => new AccessRequirement(permission, scopes, requires, only));

    /// <summary>A group as it may come out of somebody's hands; its name and id are the place in the list.</summary>
    public static readonly Gen<GroupRule> Group = Gen.Select(
        Written.Array[0, 3],
        Gen.Frequency((3, Written.Array[0, 0]), (2, Written.Array[1, 2])),
        Gen.Frequency((6, false), (1, true)),
        (granted, denied, isDefault) => new GroupRule(Guid.Empty, "", [.. granted.Distinct()], [.. denied.Distinct()], isDefault));

    public static readonly Gen<GroupRule[]> Groups = Group.Array[1, 5]
        .Select(groups => groups.Select((group, i) => group with { Id = Notation.Id($"g{i}"), Name = $"g{i}" }).ToArray());

    /// <summary>Any situation.</summary>
    public static readonly Gen<Situation> All = Groups.SelectMany(groups => Gen.Select(
        Roles,
        MappingsInto(groups.Length),
        DirectInto(groups.Length),
        Gen.Frequency((1, Gen.Const(() => (IReadOnlySet<string>?)null)), (4, Token.Select(scopes => (IReadOnlySet<string>?)scopes))),
        Requirement,
        Gen.Select(Gen.Frequency((12, true), (1, false)), Gen.OneOf(AccountKind.Person, AccountKind.Service)),
        Gen.Select(Gen.Frequency((6, false), (1, true)), Gen.OneOf("book", "author", "account").Array[0, 1]),
        (roles, mappings, direct, scopes, requirement, who, settings) => new Situation
        {
            IsEnabled = who.Item1,
            Kind = who.Item2,
            Roles = roles,
            Mappings = mappings,
            Groups = groups,
            Direct = direct,
            Scopes = scopes,
            Requirement = requirement,
            ApiRequiresScopes = settings.Item1,
            ModelsRequireScopes = settings.Item2,
        }));

    /// <summary>Any situation in whose rules nothing is denied.</summary>
    public static readonly Gen<Situation> WithoutDenials = All.Select(situation => situation with
    {
        Groups = [.. situation.Groups.Select(group => group with { Denied = [] })],
    });

    // One place after the last is a group that has been deleted.
    public static Gen<MappingRule[]> MappingsInto(int groups) => Gen.Select(Pattern, Gen.Int[0, groups])
        .Array[0, 6]
        .Select(pairs =>
            pairs.Distinct()
                .Select(pair => new MappingRule(Notation.Id($"{pair.Item1}>{pair.Item2}"), pair.Item1, Notation.Id($"g{pair.Item2}")))
                .ToArray());

    public static Gen<Guid[]> DirectInto(int groups) =>
        Gen.Int[0, groups].Array[0, 2].Select(places => places.Distinct().Select(place => Notation.Id($"g{place}")).ToArray());
}

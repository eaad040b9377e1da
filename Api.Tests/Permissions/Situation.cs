using System.Security.Cryptography;
using System.Text;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;
using Microsoft.Extensions.Options;

namespace Api.Tests.Permissions;

/// <summary>
/// One question with everything that its answer may depend on, written as a row of <see cref="DecisionTable"/>: so that a
/// property that fails names its example in the words of the table.
/// </summary>
internal sealed record Situation
{
    /// <summary>Two models of four actions, one of two, one with an action of its own, and two scopes of no model.</summary>
    public static readonly ProtectedModel[] Models =
    [
        new("book", "books", "Books", Permission.Actions),
        new("author", "authors", "Authors", Permission.Actions),
        new("account", "accounts", "Accounts", [Permission.View, Permission.Change]),
        new("loan", "loans", "Loans", [Permission.View, "extend"]),
    ];

    public static readonly ExtraScope[] ExtraScopes = [new("library:read", "Look at everything"), new("library:all", "Everything")];

    public AccountKind Kind { get; init; } = AccountKind.Person;

    public bool IsEnabled { get; init; } = true;

    public IReadOnlyList<KeycloakRole> Roles { get; init; } = [];

    public IReadOnlyList<MappingRule> Mappings { get; init; } = [];

    public IReadOnlyList<GroupRule> Groups { get; init; } = [];

    public IReadOnlyList<Guid> Direct { get; init; } = [];

    /// <summary>The scopes of the token; <see langword="null"/> for a session.</summary>
    public IReadOnlySet<string>? Scopes { get; init; } = new HashSet<string>();

    public AccessRequirement Requirement { get; init; } = new(new Permission("book", "view"));

    /// <summary>The setting <c>Permissions:RequireScopes</c>.</summary>
    public bool ApiRequiresScopes { get; init; }

    /// <summary>The setting <c>Permissions:RequireScopesFor</c>.</summary>
    public IReadOnlyList<string> ModelsRequireScopes { get; init; } = [];

    public PermissionCatalogue Catalogue => CatalogueOf(ApiRequiresScopes, ModelsRequireScopes);

    public AccessRules Rules => new(1, Groups, Mappings);

    public EffectiveAccess Access => Rules.Resolve(Roles, Direct.Select(id => new DirectGroup(id)));

    public Subject Subject => new(Guid.Empty, Kind, IsEnabled, Access, Scopes);

    public Decision Decide() => Decision.Evaluate(Subject, Requirement, Catalogue);

    public DecisionExplanation Explain()
    {
        var rules = Rules;
        return DecisionExplanation.Create(
            new Subject(Guid.Empty, Kind, IsEnabled, rules.Resolve(Roles, Direct.Select(id => new DirectGroup(id))), Scopes),
            Requirement,
            rules,
            Catalogue);
    }

    /// <summary>Everything that may be done, asked one by one, each as this question is asked.</summary>
    public HashSet<Permission> Allowed()
    {
        var (subject, catalogue) = (Subject, Catalogue);
        return [
            .. catalogue.Permissions.Where(permission =>
                Decision.Evaluate(subject, Requirement with { Permission = permission }, catalogue).IsAllowed)];
    }

    public static PermissionCatalogue CatalogueOf(bool requireScopes = false, params IEnumerable<string> requireScopesFor)
    {
        var options = new PermissionOptions { RequireScopes = requireScopes };
        foreach (var model in requireScopesFor)
        {
            options.RequireScopesFor.Add(model);
        }

        return new PermissionCatalogue(Models, ExtraScopes, Options.Create(options));
    }

    public override string ToString() => string.Join(
        " | ",
        Notation.Who(this),
        string.Join(' ', Roles.Select(Notation.Write)),
        string.Join(
            ' ',
            Mappings.Select(mapping =>
                $"{Notation.Write(mapping.Pattern.Role)}>{Groups.FirstOrDefault(group => group.Id == mapping.GroupId)?.Name ?? "gone"}")),
        string.Join("; ", Groups.Select(Notation.Write)),
        string.Join(' ', Direct.Select(id => Groups.FirstOrDefault(group => group.Id == id)?.Name ?? "gone")),
        Scopes is null ? "session" : string.Join(' ', Scopes),
        Notation.WriteRequirement(this));
}

/// <summary>How the tables write roles, groups, mappings and requirements.</summary>
internal static class Notation
{
    /// <summary>The permissions of a group that is denied everything because one of its denials cannot be read.</summary>
    public static readonly Permission Everything = new(Permission.Any, Permission.Any);

    /// <param name="text">
    /// <c>staff</c> is a realm role, <c>acme-api/book-reader</c> a client role, <c>/operations/leads</c> a Keycloak group;
    /// <c>realm:</c> and <c>group:</c> in front say so where the name alone would be misread.
    /// </param>
    public static KeycloakRole Role(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return text switch
        {
            _ when text.StartsWith("realm:", StringComparison.Ordinal) => new(RoleKind.RealmRole, "", text["realm:".Length..]),
            _ when text.StartsWith("group:", StringComparison.Ordinal) => new(RoleKind.KeycloakGroup, "", text["group:".Length..]),
            _ when slash == 0 => new(RoleKind.KeycloakGroup, "", text),
            _ when slash > 0 => new(RoleKind.ClientRole, text[..slash], text[(slash + 1)..]),
            _ => new(RoleKind.RealmRole, "", text),
        };
    }

    public static string Write(KeycloakRole role) => role.Kind switch
    {
        RoleKind.RealmRole => role.Name.Contains('/', StringComparison.Ordinal) ? $"realm:{role.Name}" : role.Name,
        RoleKind.ClientRole => $"{role.Client}/{role.Name}",
        _ => role.Name.StartsWith('/') ? role.Name : $"group:{role.Name}",
    };

    /// <param name="text"><c>staff>readers</c>: the realm role staff leads into the group readers.</param>
    public static MappingRule Mapping(string text)
    {
        var parts = text.Split('>');
        var role = Role(parts[0]);
        return new MappingRule(Id(text), new RolePattern(role.Kind, role.Client, role.Name), Id(parts[1]));
    }

    /// <param name="text">
    /// <c>readers +book:view -book:add default-group</c>: a name, grants, denials, and whether it is a default group.
    /// </param>
    public static GroupRule Group(string text)
    {
        var words = Words(text);
        return new GroupRule(
            Id(words[0]),
            words[0],
            // As the cache reads them: what does not parse grants nothing, and denies everything.
            [.. words.Where(word => word[0] == '+')
                .Select(word => Permission.TryParse(word[1..], out var permission) ? permission : (Permission?)null)
                .OfType<Permission>()],
            [.. words.Where(word => word[0] == '-')
                .Select(word => Permission.TryParse(word[1..], out var permission) ? permission : Everything)],
            words.Contains("default-group"));
    }

    public static string Write(GroupRule group) => string.Join(
        ' ',
        [
            group.Name, .. group.Permissions.Select(granted => $"+{granted}"), .. group.Denied.Select(denied => $"-{denied}"),
            .. group.IsDefault ? ["default-group"] : Array.Empty<string>(),
        ]);

    /// <summary>
    /// <c>readers&lt;staff</c>, <c>readers&lt;book-reader~book-*</c>, <c>readers&lt;direct</c> or <c>readers&lt;default-group</c>.
    /// </summary>
    public static string Write(Membership membership) => membership.Group.Name + "<" + membership.Origin switch
    {
        { Role: { } role, Mapping: { } mapping } => Write(role) + (mapping.Pattern.IsExact ? "" : "~" + Write(mapping.Pattern.Role)),
        { Kind: "direct-member" } => "direct",
        _ => membership.Origin.Kind,
    };

    /// <param name="text"><c>person</c> or <c>service</c>, with <c>off</c> for one that is disabled.</param>
    public static (AccountKind Kind, bool IsEnabled) Who(string text) =>
        (text.StartsWith("service", StringComparison.Ordinal)
            ? AccountKind.Service
            : AccountKind.Person, !text.EndsWith("off", StringComparison.Ordinal));

    public static string Who(Situation situation) =>
        (situation.Kind == AccountKind.Service ? "service" : "person") + (situation.IsEnabled ? "" : " off");

    /// <param name="text">
    /// A permission, or <c>anything</c> for what any account may; then <c>only=person</c>, <c>any-of=a+b,c</c> (sets of scopes
    /// of which one is enough) and <c>requires</c> (a scope), as an endpoint says them.
    /// </param>
    public static AccessRequirement Requirement(string text)
    {
        var words = Words(text);
        return new AccessRequirement(
            words[0] == "anything"
                ? null
                : Permission.TryParse(words[0], out var permission) ? permission : throw new FormatException(text),
            After("any-of=") is { } sets ? [.. sets.Split(',').Select(set => set.Split('+', StringSplitOptions.RemoveEmptyEntries))] : null,
            words.Contains("requires"),
            After("only=") is { } kind ? Who(kind).Kind : null);

        string? After(string prefix) => words.FirstOrDefault(word => word.StartsWith(prefix, StringComparison.Ordinal))?[prefix.Length..];
    }

    public static string WriteRequirement(Situation situation)
    {
        var requirement = situation.Requirement;
        return string.Join(' ', new[]
        {
            requirement.Permission?.ToString() ?? "anything",
            requirement.Scopes is null ? null : "any-of=" + string.Join(',', requirement.Scopes.Select(set => string.Join('+', set))),
            requirement.RequiresScopes ? "requires" : null,
            requirement.Only is { } only ? "only=" + (only == AccountKind.Service ? "service" : "person") : null,
            situation.ApiRequiresScopes ? "api-requires" : null,
            situation.ModelsRequireScopes.Count == 0 ? null : "requires-for=" + string.Join('+', situation.ModelsRequireScopes),
        }.OfType<string>());
    }

    public static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The same id for the same name, so that a mapping can name a group that is not there.</summary>
    public static Guid Id(string name) => new(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));
}

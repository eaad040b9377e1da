using KeycloakAccess.Hosting;
using Microsoft.Extensions.Options;

namespace KeycloakAccess.Permissions;

/// <summary>Singular in permissions (<c>book</c>), plural in addresses and scopes (<c>books</c>).</summary>
internal sealed record ProtectedModel(string Name, string Plural, string Title, IReadOnlyList<string> Actions)
{
    public string ReadScope => $"{Plural}:read";

    public string WriteScope => $"{Plural}:write";
}

internal sealed record ExtraScope(string Name, string Description);

/// <summary>A name that is not here is an error with the nearest known one, never a permission that nobody has.</summary>
internal sealed class PermissionCatalogue
{
    private const int LongestText = 100;

    private readonly Dictionary<string, ProtectedModel> _models;
    private readonly Dictionary<Permission, string[][]> _scopesFor = [];
    private readonly HashSet<string> _scopes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _requireScopes = new(StringComparer.Ordinal);

    public PermissionCatalogue(IEnumerable<ProtectedModel> models, IEnumerable<ExtraScope> extraScopes, IOptions<PermissionOptions> options)
    {
        var all = models.ToArray();
        if (all.GroupBy(model => model.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { Key: var name })
        {
            throw new InvalidOperationException(
                $"Two resources are called {name}. AddResource and AddModel declare those of the application, " +
                "and the engine has some too: give one another name.");
        }

        _models = all.ToDictionary(model => model.Name, StringComparer.Ordinal);
        Permissions = [.. _models.Values
            .OrderBy(model => model.Name, StringComparer.Ordinal)
            .SelectMany(model => model.Actions.Select(action => new Permission(model.Name, action)))];
        ExtraScopes = [.. extraScopes];
        foreach (var permission in Permissions)
        {
            var model = _models[permission.Model];
            _scopesFor[permission] = [[permission.Action == Permission.View ? model.ReadScope : model.WriteScope]];
            _scopes.UnionWith([model.ReadScope, model.WriteScope]);
        }

        _scopes.UnionWith(ExtraScopes.Select(scope => scope.Name));
        _requireScopes.UnionWith(options.Value.RequireScopes ? _models.Keys : options.Value.RequireScopesFor);
        if (_requireScopes.FirstOrDefault(name => !_models.ContainsKey(name)) is { } unknown)
        {
            throw new PermissionNameException(
                [$"Permissions:RequireScopesFor names the model {unknown}, which does not exist.{Suggest(unknown, _models.Keys)}"]);
        }
    }

    public IReadOnlyCollection<ProtectedModel> Models => _models.Values;

    public IReadOnlyList<Permission> Permissions { get; }

    public IEnumerable<string> Wildcards => _models.Keys.Order(StringComparer.Ordinal)
        .Append(Permission.Any)
        .Select(model => new Permission(model, Permission.Any).ToString());

    public IReadOnlyCollection<string> Scopes => _scopes;

    public IReadOnlyList<ExtraScope> ExtraScopes { get; }

    public bool IsScope(string scope) => _scopes.Contains(scope);

    public ProtectedModel? FindModel(string name) => _models.GetValueOrDefault(name);

    /// <summary>Whether a token without any scope of this API is refused on the model, instead of not being narrowed.</summary>
    public bool RequiresScopes(string model) => _requireScopes.Contains(model);

    /// <summary>Any one set is enough, once a token holds any scope of ours.</summary>
    public IReadOnlyList<IReadOnlyList<string>> ScopesFor(Permission permission) => _scopesFor[permission];

    public bool Contains(Permission permission) => _scopesFor.ContainsKey(permission);

    /// <summary>Null if it names permissions that exist. Wildcards are <c>book:*</c> and <c>*:*</c>, as in a group.</summary>
    public string? Mistake(string text, bool wildcards)
    {
        // The nearest name to a text of a thousand letters is not worth looking for.
        if (text.Length > LongestText || !Permission.TryParse(text, out var permission))
        {
            var shown = text.Length > LongestText ? text[..LongestText] + "…" : text;
            return $"\"{shown}\" is not of the form model:action, as in book:view. " +
                "Wildcards are book:* and *:*, and no others.";
        }

        if (Contains(permission)
            || (wildcards
                && permission is { Action: Permission.Any, Model: var model }
                && (model == Permission.Any || _models.ContainsKey(model))))
        {
            return null;
        }

        var known = Permissions.Select(each => each.ToString()).Concat(wildcards ? Wildcards : []);
        var remedy = NearestName.Find(text, known) is { } nearest ? $"Did you mean {nearest}?"
            : FindModel(permission.Model) is { } found ? $"Actions of {found.Name} are {string.Join(", ", found.Actions)}."
            : $"Models are {string.Join(", ", _models.Keys.Order(StringComparer.Ordinal))}.";
        return $"The permission {text} does not exist. {remedy}";
    }

    public string? ScopeMistake(string scope) =>
        IsScope(scope) ? null : $"The scope {scope} does not exist.{Suggest(scope, _scopes)}";

    private static string Suggest(string text, IEnumerable<string> known) =>
        NearestName.Find(text, known) is { } nearest
            ? $" Did you mean {nearest}?"
            : $" Known: {string.Join(", ", known.Order(StringComparer.Ordinal))}.";
}

internal sealed class PermissionNameException : Exception
{
    public PermissionNameException()
    {
    }

    public PermissionNameException(string message)
        : base(message)
    {
    }

    public PermissionNameException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public PermissionNameException(IReadOnlyList<string> mistakes)
        : base(string.Join(' ', mistakes)) => Mistakes = mistakes;

    public IReadOnlyList<string> Mistakes { get; } = [];
}

/// <summary>How decisions are made: section <c>Permissions</c>.</summary>
public sealed class PermissionOptions
{
    /// <summary>The name of the configuration section.</summary>
    public const string Section = "Permissions";

    /// <summary>
    /// Whether every token must carry a scope that covers what it is used for. With <see langword="false"/>, a token without
    /// any scope of this API may do whatever its groups allow. Sessions have no scopes and are not concerned.
    /// </summary>
    public bool RequireScopes { get; set; }

    /// <summary>The models, by their names in permissions, that require it on their own.</summary>
    public IList<string> RequireScopesFor { get; } = [];
}

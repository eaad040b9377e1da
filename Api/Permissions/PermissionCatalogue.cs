using Api.Keycloak;

namespace Api.Permissions;

/// <summary>A model that permissions exist for.</summary>
/// <param name="Name">Its name in permissions, in the singular: <c>book</c>.</param>
/// <param name="Plural">Its name in addresses and scopes: <c>books</c>.</param>
/// <param name="Title">What people call it.</param>
/// <param name="Actions">What can be done with it. A permission for anything else does not exist.</param>
internal sealed record ProtectedModel(string Name, string Plural, string Title, IReadOnlyList<string> Actions)
{
    /// <summary>The scope that covers looking.</summary>
    public string ReadScope => $"{Plural}:read";

    /// <summary>The scope that covers everything else.</summary>
    public string WriteScope => $"{Plural}:write";
}

/// <summary>
/// Every permission and scope that exists. A name that is not here is an error with the nearest known one, never a
/// permission that nobody has.
/// </summary>
internal sealed class PermissionCatalogue
{
    private const int LongestText = 100;

    private readonly Dictionary<string, ProtectedModel> _models;
    private readonly HashSet<string> _scopes;

    public PermissionCatalogue(IEnumerable<ProtectedModel> models)
    {
        _models = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        _scopes = _models.Values.SelectMany(model => new[] { model.ReadScope, model.WriteScope }).ToHashSet(StringComparer.Ordinal);
        Permissions = [.. _models.Values
            .OrderBy(model => model.Name, StringComparer.Ordinal)
            .SelectMany(model => model.Actions.Select(action => new Permission(model.Name, action)))];
    }

    public IReadOnlyCollection<ProtectedModel> Models => _models.Values;

    public IReadOnlyList<Permission> Permissions { get; }

    /// <summary>The scopes that narrow a token here. Others, such as <c>profile</c>, mean nothing to this service.</summary>
    public IReadOnlyCollection<string> Scopes => _scopes;

    public bool IsScope(string scope) => _scopes.Contains(scope);

    /// <returns>The scope that a token must hold for the permission, once it holds any of ours.</returns>
    public string ScopeFor(Permission permission)
    {
        var model = _models[permission.Model];
        return permission.Action == Permission.View ? model.ReadScope : model.WriteScope;
    }

    public bool Contains(Permission permission) =>
        _models.TryGetValue(permission.Model, out var model) && model.Actions.Contains(permission.Action, StringComparer.Ordinal);

    /// <param name="text">What somebody wrote.</param>
    /// <param name="wildcards">Whether <c>book:*</c> and <c>*:*</c> are allowed, as they are in a group.</param>
    /// <returns><see langword="null"/> if it names permissions that exist; else what is wrong, with the nearest known name.</returns>
    public string? Mistake(string text, bool wildcards)
    {
        // Nor is the nearest name to a text of a thousand letters worth looking for.
        if (text.Length > LongestText || !Permission.TryParse(text, out var permission))
        {
            return $"\"{(text.Length > LongestText ? text[..LongestText] + "…" : text)}\" is not of the form model:action, as in book:view.";
        }

        if (wildcards && permission.Action == Permission.Any && (permission.Model == Permission.Any || _models.ContainsKey(permission.Model)))
        {
            return null;
        }

        if (Contains(permission))
        {
            return null;
        }

        var nearest = NearestName.Of(text, Permissions.Select(known => known.ToString()));
        return $"The permission {text} does not exist." + (nearest is null
            ? $" Models are {string.Join(", ", _models.Keys.Order(StringComparer.Ordinal))}; actions are {string.Join(", ", Permission.Actions)}."
            : $" Did you mean {nearest}?");
    }
}

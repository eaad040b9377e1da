using System.Linq.Expressions;
using System.Reflection;
using System.Text.RegularExpressions;
using KeycloakAccess.Authentication.StepUp;
using KeycloakAccess.Permissions;

namespace KeycloakAccess.Models;

/// <summary>
/// A protected model. The record is its contract and its table in one: a property <c>PublishedOn</c> is the column
/// <c>published_on</c> and <c>publishedOn</c> in JSON. The table has a column <c>version</c> besides, which ETags show.
/// </summary>
/// <typeparam name="T">
/// A record with a property <c>Guid Id</c>, which the service assigns, or <c>string Id</c>, which the creator gives.
/// </typeparam>
public interface IModel<T>
    where T : class
{
    /// <summary>Says what a record alone does not: names, orders, searches, relations, rules, actions.</summary>
    static abstract void Declare(ModelBuilder<T> model);
}

/// <summary>Takes the declaration of a model. Every mistake in it ends the start.</summary>
/// <typeparam name="T">The model's record.</typeparam>
public sealed partial class ModelBuilder<T>
    where T : class
{
    private readonly Dictionary<string, Type> _references = new(StringComparer.Ordinal);
    private readonly HashSet<string> _readOnly = new(StringComparer.Ordinal);
    private readonly List<string> _sorts = [];
    private readonly List<string> _searches = [];
    private readonly List<ModelAction> _actions = [];
    private readonly List<Action<RouteGroupBuilder>> _endpoints = [];
    private Func<RowSubject, RowFilter> _rows = _ => RowFilter.All;
    private string? _name;
    private string? _plural;
    private string? _title;

    /// <summary>Names the model. Every declaration needs this one.</summary>
    /// <param name="name">In permissions, in the singular: <c>role-mapping</c> gives <c>role-mapping:view</c>.</param>
    /// <param name="plural">
    /// In addresses, scopes and the table: <c>role-mappings</c> gives <c>/api/role-mappings</c>, <c>role-mappings:read</c> and the
    /// table <c>role_mappings</c>.
    /// </param>
    /// <param name="title">What people call it; without one, the plural with a capital.</param>
    /// <exception cref="ModelException">A name is not of small letters, digits and single hyphens.</exception>
    public ModelBuilder<T> Named(string name, string plural, string? title = null)
    {
        foreach (var text in new[] { name, plural })
        {
            if (!Name().IsMatch(text))
            {
                throw new ModelException(
                    typeof(T).Name,
                    $"it cannot be named \"{text}\". "
                    + "A name has small letters and digits, and single hyphens between them, as in role-mapping.");
            }
        }

        (_name, _plural) = (name, plural);
        _title = title ?? char.ToUpperInvariant(plural[0]) + plural[1..].Replace('-', ' ');
        return this;
    }

    /// <summary>The columns that <c>?search=</c> looks into, where neither case nor accents count.</summary>
    public ModelBuilder<T> Searches(params Expression<Func<T, string?>>[] columns)
    {
        _searches.AddRange(columns.Select(column => PropertyOf(column)));
        return this;
    }

    /// <summary>
    /// The columns that <c>?sort=</c> takes; the first is the order of a list that asks for none. Without any, lists are in the order
    /// of ids.
    /// </summary>
    /// <remarks>An index over each, with the id behind it, keeps long lists fast.</remarks>
    public ModelBuilder<T> Sorts(params Expression<Func<T, object?>>[] columns)
    {
        _sorts.AddRange(columns.Select(column => PropertyOf(column)));
        return this;
    }

    /// <summary>
    /// Says that a column holds the id of a row of another model. The table must have the foreign key. A row that is not
    /// there, or that the caller may not see, is refused by name; a row that others refer to is not deleted.
    /// </summary>
    /// <typeparam name="TOther">The other model's record.</typeparam>
    public ModelBuilder<T> References<TOther>(Expression<Func<T, object?>> column)
        where TOther : class
    {
        _references[PropertyOf(column)] = typeof(TOther);
        return this;
    }

    /// <summary>Columns that requests do not carry. A new row has what the record says by itself; actions change them.</summary>
    public ModelBuilder<T> ReadOnly(params Expression<Func<T, object?>>[] columns)
    {
        _readOnly.UnionWith(columns.Select(column => PropertyOf(column)));
        return this;
    }

    /// <summary>
    /// The row-level rule: which rows somebody may see. It holds wherever a row is read, listed, changed, deleted or acted
    /// upon; what it hides is answered with 404. It does not say which values may be written.
    /// </summary>
    /// <param name="rule">Asked once for each request. The subject need not be the current caller, so ask it and nothing else.</param>
    public ModelBuilder<T> Rows(Func<RowSubject, RowFilter> rule)
    {
        _rows = rule;
        return this;
    }

    /// <summary>
    /// An action of the model's own. <c>publish</c> of <c>book</c> is <c>POST /api/books/{id}/publish</c> with
    /// <c>If-Match</c>, needs the permission <c>book:publish</c> and the write scope, and stands in the audit log as
    /// <c>publish</c>. The staff pages also run it to see whether it can be done, in a transaction that is undone: what it does, it does
    /// by its outcome and that transaction alone.
    /// </summary>
    /// <param name="name">A verb.</param>
    /// <param name="handler">Makes the changed row: <c>(book, call) =&gt; book with { PublishedOn = call.Today }</c>, or refuses.</param>
    /// <exception cref="ModelException">The name is not of small letters and hyphens, or there is such an action.</exception>
    public ModelBuilder<T> Action(string name, Func<T, ActionCall, ActionOutcome<T>> handler) =>
        Action(name, (row, call) => ValueTask.FromResult(handler(row, call)));

    /// <summary>The same, for an action that has something to wait for.</summary>
    /// <inheritdoc cref="Action(string, Func{T, ActionCall, ActionOutcome{T}})"/>
    public ModelBuilder<T> Action(string name, Func<T, ActionCall, ValueTask<ActionOutcome<T>>> handler)
    {
        if (!Name().IsMatch(name))
        {
            throw Mistake($"an action cannot be named \"{name}\". A name has small letters and digits, and single hyphens between them.");
        }

        if (Permission.Actions.Contains(name, StringComparer.Ordinal) || _actions.Exists(action => action.Name == name))
        {
            throw Mistake($"it has an action {name} already. Give this one another name.");
        }

        _actions.Add(new ModelAction(name, async (row, call) =>
        {
            var outcome = await handler((T)row, call);
            return (outcome.Row, outcome.Refusal);
        }));
        return this;
    }

    /// <summary>
    /// An action that is declared already takes a sign-in of one of these levels (RFC 9470), on the pages and in the API. Whoever has
    /// another is asked to sign in anew: a program by 401 with <c>insufficient_user_authentication</c>, a person by Keycloak.
    /// </summary>
    /// <param name="action">The name of the action.</param>
    /// <param name="acr">The levels of the realm that are enough (<c>acr</c>), the preferred one first.</param>
    /// <exception cref="ModelException">There is no such action, no level is given, or one cannot be a level.</exception>
    public ModelBuilder<T> RequireStepUp(string action, params string[] acr) => RequireStepUp(action, maxAge: null, acr);

    /// <inheritdoc cref="RequireStepUp(string, string[])"/>
    /// <param name="action">The name of the action.</param>
    /// <param name="maxAge">How long ago the sign-in may be besides, from 1 minute to 1 day, in whole seconds.</param>
    /// <param name="acr">The levels of the realm that are enough (<c>acr</c>), the preferred one first; none given: any.</param>
    public ModelBuilder<T> RequireStepUp(string action, TimeSpan maxAge, params string[] acr) =>
        RequireStepUp(action, (TimeSpan?)maxAge, acr);

    /// <summary>
    /// Endpoints of the model's own, under its prefix:
    /// <c>.Endpoints(books =&gt; books.MapGet("/shelves", …).RequirePermission("book", "view"))</c>. Each says who may call it, or
    /// the start ends. The row-level rule is theirs to apply: <see cref="ModelStore"/> does.
    /// </summary>
    public ModelBuilder<T> Endpoints(Action<RouteGroupBuilder> map)
    {
        _endpoints.Add(map);
        return this;
    }

    private ModelBuilder<T> RequireStepUp(string action, TimeSpan? maxAge, string[] acr)
    {
        ArgumentNullException.ThrowIfNull(acr);
        var index = _actions.FindIndex(each => each.Name == action);
        if (index < 0)
        {
            throw Mistake($"it has no action {action} that could take a sign-in of its own. Declare it first, by Action(\"{action}\", …).");
        }

        var rule = new StepUpRule(acr, maxAge);
        if (acr.Length == 0 && maxAge is null)
        {
            throw Mistake($"RequireStepUp(\"{action}\") names no level (acr) and no greatest age, so any sign-in would do.");
        }

        if (rule.FindMistake() is { } mistake)
        {
            throw Mistake($"RequireStepUp(\"{action}\"): {mistake}");
        }

        _actions[index] = _actions[index] with { StepUp = rule };
        return this;
    }

    /// <summary>Checks the declaration and makes the model of it.</summary>
    /// <exception cref="ModelException">Something in it cannot be; the message names the model and the remedy.</exception>
    internal Model Build()
    {
        if (_name is null)
        {
            throw Mistake("it has no name. Call Named(\"book\", \"books\") in its declaration.");
        }

        if (typeof(T).GetConstructor(Type.EmptyTypes) is not { } constructor)
        {
            throw Mistake(
                $"{typeof(T).Name} has no constructor without parameters. "
                + "Write its columns as properties: public required string Title { get; init; }");
        }

        // A property that only computes something is no column.
        var columns = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite && property.GetIndexParameters().Length == 0)
            .Select(ColumnOf)
            .ToArray();
        var id = Array.Find(columns, column => column.Property == "Id");
        if (id is null || id.IsNullable || (id.Type.Type != typeof(Guid) && id.Type.Type != typeof(string)))
        {
            throw Mistake("it needs a property Id: a Guid, which the service assigns, or a string, which the creator gives.");
        }

        var version = Array.Find(columns, column => column.Property == "Version");
        if (version is not null && (version.IsNullable || version.Type.Type != typeof(int)))
        {
            throw Mistake("its property Version must be an int: it is the number that ETags show. Call another column something else.");
        }

        columns = [.. columns.Where(column => column != version)];
        var create = Expression.Lambda<Func<object>>(Expression.New(constructor)).Compile();
        var empty = create();
        if (Array.Find(columns, column => column.IsReadOnly && !column.IsNullable && column.Get(empty) is null) is { } unset)
        {
            throw Mistake(
                $"requests do not carry {unset.Json}, and the property {unset.Property} has no value of its own. "
                + $"Give it one: public string {unset.Property} {{ get; init; }} = \"…\";");
        }

        var model = new Model
        {
            Name = _name,
            Plural = _plural!,
            Title = _title!,
            RowType = typeof(T),
            New = create,
            Columns = columns,
            Id = id,
            Version = version,
            Sorts = _sorts.Count == 0 ? [id] : [.. Listed(_sorts)],
            Searches = [.. Listed(_searches)],
            Rows = _rows,
            Actions = _actions,
            Endpoints = _endpoints,
            Map = (routes, store, body) => new ModelEndpoints<T>(store, body).Map(routes),
        };
        return Array.Find(columns, column => ListParameters.Reserved.Contains(column.Json, StringComparer.OrdinalIgnoreCase)) is { } taken
            ? throw Mistake(
                $"the column {taken.Json} has the name of a query parameter that every list has. Call the property something else.")
            : model;

        IEnumerable<Column> Listed(IEnumerable<string> properties) =>
            properties.Distinct(StringComparer.Ordinal).Select(name => Array.Find(columns, column => column.Property == name)
                ?? throw Mistake($"{name} cannot be searched or sorted by."));
    }

    private Column ColumnOf(PropertyInfo property) => ColumnType.Find(property.PropertyType) is { } type
        ? new Column(property, type, _readOnly.Contains(property.Name)) { References = _references.GetValueOrDefault(property.Name) }
        : throw Mistake(
            $"the property {property.Name} is a {property.PropertyType.Name}, which is no type of a column. "
            + $"There are {ColumnType.Supported}.");

    private string PropertyOf(LambdaExpression column)
    {
        // A value type in an object stands in a conversion.
        var body = column.Body is UnaryExpression { NodeType: ExpressionType.Convert } conversion ? conversion.Operand : column.Body;
        return body is MemberExpression { Member: PropertyInfo { CanWrite: true } property, Expression: ParameterExpression }
            ? property.Name
            : throw Mistake($"\"{column}\" names no column. Name a property of {typeof(T).Name}, as in book => book.Title.");
    }

    private ModelException Mistake(string mistake) => new(_name ?? typeof(T).Name, mistake);

    [GeneratedRegex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Name();
}

/// <summary>A declaration that cannot be, or that does not fit its table. It ends the start; the message names the remedy.</summary>
public sealed class ModelException : InvalidOperationException
{
    public ModelException()
    {
    }

    public ModelException(string message)
        : base(message)
    {
    }

    public ModelException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public ModelException(string model, string mistake)
        : base($"The model {model}: {mistake}")
    {
    }
}

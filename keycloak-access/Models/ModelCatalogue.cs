using KeycloakAccess.Permissions;

namespace KeycloakAccess.Models;

internal sealed class ModelCatalogue
{
    private readonly Dictionary<Type, Model> _byRow;

    public ModelCatalogue(IEnumerable<Model> models, IEnumerable<ProtectedModel> known)
    {
        Models = [.. models];
        CheckNames(known);
        _byRow = Models.ToDictionary(model => model.RowType);
        foreach (var model in Models)
        {
            foreach (var column in model.Columns.Where(column => column.References is not null))
            {
                CheckReference(model, column);
            }
        }
    }

    public IReadOnlyList<Model> Models { get; }

    public Model? TargetOf(Column column) => column.References is { } row ? _byRow[row] : null;

    public IEnumerable<(Model Model, Column Column)> ReferencesTo(Model target) =>
        from model in Models from column in model.Columns where column.References == target.RowType select (model, column);

    // The names of models without a declaration, such as groups, are taken too.
    private void CheckNames(IEnumerable<ProtectedModel> known)
    {
        var all = known.ToArray();
        foreach (var model in Models)
        {
            if (all.Count(other => other.Name == model.Name) > 1 || all.Count(other => other.Plural == model.Plural) > 1)
            {
                throw new ModelException(
                    model.Name,
                    $"there is another model of the name {model.Name} or {model.Plural}. Give this one names of its own in Named(…).");
            }

            if (Models.Count(other => other.RowType == model.RowType) > 1)
            {
                throw new ModelException(
                    model.Name, $"{model.RowType.Name} is the record of two models. Each needs a record of its own.");
            }
        }
    }

    private void CheckReference(Model model, Column column)
    {
        if (!_byRow.TryGetValue(column.References!, out var target))
        {
            var name = column.References!.Name;
            throw new ModelException(
                model.Name,
                $"its column {column.Json} refers to {name}, which is no model. " +
                $"Add it: builder.Services.AddModel<{name}Model, {name}>().");
        }

        if (column.Type != target.Id.Type)
        {
            throw new ModelException(
                model.Name,
                $"its column {column.Json} must be of the type of {target.RowType.Name}.Id, a {target.Id.Type.Type.Name}.");
        }
    }
}
